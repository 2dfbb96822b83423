// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model.generation;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a text is continued; names and meaning are those of {@code transformers.GenerationConfig}.
 *
 * @param maxNewTokens most tokens to add
 * @param minNewTokens tokens before an end token is allowed
 * @param beams number of beams; 1 is greedy search or sampling
 * @param returnSequences results a prompt; with beams at most as many, without beams only with
 *     sampling
 * @param lengthPenalty exponent of the length by which a beam's score is divided
 * @param earlyStopping when a beam search ends
 * @param sample whether the next token is drawn rather than the likeliest
 * @param temperature divides the logits before sampling. This and the options that follow, as far
 *     as the seed, are refused without {@code sample}, unless they have their defaults; likewise
 *     {@code lengthPenalty} and {@code earlyStopping} with one beam
 * @param topK only so many of the likeliest tokens are drawn from; 0 for all
 * @param topP only the likeliest tokens that together reach this probability are drawn from; 1 for
 *     all
 * @param minP only tokens of at least this share of the likeliest one's probability are drawn from
 * @param seed of the random numbers
 * @param repetitionPenalty divides the positive and multiplies the negative logits of tokens that
 *     are there already; 1 for none
 * @param noRepeatNgramSize n-grams of this size occur at most once; 0 for no such rule
 * @param endTokens tokens that end a sequence
 * @param stopCondition ends a sequence by its content
 * @param listener hears every new token, greedy search and sampling only
 */
public record GenerationOptions(
    int maxNewTokens,
    int minNewTokens,
    int beams,
    int returnSequences,
    double lengthPenalty,
    EarlyStopping earlyStopping,
    boolean sample,
    double temperature,
    int topK,
    double topP,
    double minP,
    long seed,
    double repetitionPenalty,
    int noRepeatNgramSize,
    Set<Integer> endTokens,
    StopCondition stopCondition,
    TokenListener listener) {

  /** When a beam search ends. */
  public enum EarlyStopping {
    /** When no open beam can be better than the finished ones at its present length. */
    HEURISTIC,
    /** When there are as many finished sequences as beams. */
    FIRST_FINISHED,
    /** When no open beam can become better at any length. */
    NEVER
  }

  /** Ends a sequence by its content. */
  @FunctionalInterface
  public interface StopCondition {
    /** Whether the sequence ends here; the first {@code promptLength} tokens are the prompt. */
    boolean ends(int[] tokenIds, int promptLength);
  }

  /** Hears new tokens as they come. */
  @FunctionalInterface
  public interface TokenListener {
    /** Sequence {@code index} (prompts in order, each with its results) has the new token. */
    void token(int index, int tokenId);
  }

  private static final int DEFAULT_MAX_NEW_TOKENS = 20;
  private static final int DEFAULT_TOP_K = 50;

  /** Most beams, and most results a prompt: each holds keys and values of its own. */
  public static final int MOST_SEQUENCES = 4096;

  /** Greedy search for at most 20 new tokens, as transformers does by default. */
  public static final GenerationOptions DEFAULT = new Builder().build();

  /** Checks the ranges. */
  public GenerationOptions {
    require(maxNewTokens >= 1, "maxNewTokens must be at least 1, not " + maxNewTokens);
    require(
        minNewTokens >= 0 && minNewTokens <= maxNewTokens,
        "minNewTokens must be in 0 … maxNewTokens (" + maxNewTokens + "), not " + minNewTokens);
    require(
        beams >= 1 && beams <= MOST_SEQUENCES,
        "beams must be in 1 … " + MOST_SEQUENCES + ", not " + beams);
    require(
        returnSequences >= 1 && returnSequences <= MOST_SEQUENCES,
        "returnSequences must be in 1 … " + MOST_SEQUENCES + ", not " + returnSequences);
    require(
        returnSequences == 1 || sample || returnSequences <= beams,
        returnSequences
            + " results need as many beams, or sampling; there are "
            + beams
            + " beams");
    require(temperature > 0, "temperature must be positive, not " + temperature);
    require(topK >= 0, "topK must not be negative: " + topK);
    require(topP > 0 && topP <= 1, "topP must be in (0, 1], not " + topP);
    require(minP >= 0 && minP <= 1, "minP must be in [0, 1], not " + minP);
    require(repetitionPenalty > 0, "repetitionPenalty must be positive, not " + repetitionPenalty);
    require(noRepeatNgramSize >= 0, "noRepeatNgramSize must not be negative: " + noRepeatNgramSize);
    if (!sample) {
      requireDefault(temperature == 1, "temperature", temperature, "sample(true)");
      requireDefault(topK == DEFAULT_TOP_K, "topK", topK, "sample(true)");
      requireDefault(topP == 1, "topP", topP, "sample(true)");
      requireDefault(minP == 0, "minP", minP, "sample(true)");
      requireDefault(seed == 0, "seed", seed, "sample(true)");
    }
    if (beams == 1) {
      requireDefault(lengthPenalty == 1, "lengthPenalty", lengthPenalty, "several beams");
      requireDefault(
          earlyStopping == EarlyStopping.HEURISTIC,
          "earlyStopping",
          earlyStopping,
          "several beams");
    }
    endTokens = Set.copyOf(endTokens);
  }

  /** An option that would change nothing is refused: it was given for a purpose. */
  private static void requireDefault(
      boolean isDefault, String option, Object value, String counterpart) {
    require(
        isDefault,
        option
            + " is "
            + value
            + ", which has no effect without "
            + counterpart
            + "; add that, or leave this out");
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }

  /** A builder that begins with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that begins with these options. */
  public Builder toBuilder() {
    return new Builder()
        .maxNewTokens(maxNewTokens)
        .minNewTokens(minNewTokens)
        .beams(beams)
        .returnSequences(returnSequences)
        .lengthPenalty(lengthPenalty)
        .earlyStopping(earlyStopping)
        .sample(sample)
        .temperature(temperature)
        .topK(topK)
        .topP(topP)
        .minP(minP)
        .seed(seed)
        .repetitionPenalty(repetitionPenalty)
        .noRepeatNgramSize(noRepeatNgramSize)
        .endTokens(endTokens)
        .stopCondition(stopCondition)
        .listener(listener);
  }

  /** Collects options by name. */
  public static final class Builder {
    private int maxNewTokens = DEFAULT_MAX_NEW_TOKENS;
    private int minNewTokens;
    private int beams = 1;
    private int returnSequences = 1;
    private double lengthPenalty = 1;
    private EarlyStopping earlyStopping = EarlyStopping.HEURISTIC;
    private boolean sample;
    private double temperature = 1;
    private int topK = DEFAULT_TOP_K;
    private double topP = 1;
    private double minP;
    private long seed;
    private double repetitionPenalty = 1;
    private int noRepeatNgramSize;
    private Set<Integer> endTokens = Set.of();
    private StopCondition stopCondition = (tokenIds, promptLength) -> false;
    private TokenListener listener = (index, tokenId) -> {};
    private @Nullable Filed filed;

    private Builder() {}

    /** What a file said of settings that others can contradict. */
    private record Filed(String source, int returnSequences, int minNewTokens, int maxNewTokens) {}

    /** Notes that the values so far are those of a file, which refusals of them name. */
    Builder readFrom(String source) {
      filed = new Filed(source, returnSequences, minNewTokens, maxNewTokens);
      return this;
    }

    private void requireNoContradiction(Filed file) {
      require(
          returnSequences != file.returnSequences || sample || returnSequences <= beams,
          file.source
              + ": \"num_return_sequences\" is "
              + returnSequences
              + ", which needs as many beams, or sampling; the beams are "
              + beams);
      boolean ofFile =
          (minNewTokens == file.minNewTokens && minNewTokens > 0)
              || (maxNewTokens == file.maxNewTokens && maxNewTokens != DEFAULT_MAX_NEW_TOKENS);
      require(
          !ofFile || minNewTokens <= maxNewTokens,
          file.source
              + ": at least "
              + minNewTokens
              + " and at most "
              + maxNewTokens
              + " new tokens contradict each other (\"min_new_tokens\", \"max_new_tokens\", or"
              + " what was given in their place)");
    }

    /** Sets {@link GenerationOptions#maxNewTokens}. */
    public Builder maxNewTokens(int value) {
      maxNewTokens = value;
      return this;
    }

    /** Sets {@link GenerationOptions#minNewTokens}. */
    public Builder minNewTokens(int value) {
      minNewTokens = value;
      return this;
    }

    /** Sets {@link GenerationOptions#beams}. */
    public Builder beams(int value) {
      beams = value;
      return this;
    }

    /** Sets {@link GenerationOptions#returnSequences}. */
    public Builder returnSequences(int value) {
      returnSequences = value;
      return this;
    }

    /** Sets {@link GenerationOptions#lengthPenalty}. */
    public Builder lengthPenalty(double value) {
      lengthPenalty = value;
      return this;
    }

    /** Sets {@link GenerationOptions#earlyStopping}. */
    public Builder earlyStopping(EarlyStopping value) {
      earlyStopping = value;
      return this;
    }

    /** Sets {@link GenerationOptions#sample}. */
    public Builder sample(boolean value) {
      sample = value;
      return this;
    }

    /** Sets {@link GenerationOptions#temperature}. */
    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    /** Sets {@link GenerationOptions#topK}. */
    public Builder topK(int value) {
      topK = value;
      return this;
    }

    /** Sets {@link GenerationOptions#topP}. */
    public Builder topP(double value) {
      topP = value;
      return this;
    }

    /** Sets {@link GenerationOptions#minP}. */
    public Builder minP(double value) {
      minP = value;
      return this;
    }

    /** Sets {@link GenerationOptions#seed}. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** Sets {@link GenerationOptions#repetitionPenalty}. */
    public Builder repetitionPenalty(double value) {
      repetitionPenalty = value;
      return this;
    }

    /** Sets {@link GenerationOptions#noRepeatNgramSize}. */
    public Builder noRepeatNgramSize(int value) {
      noRepeatNgramSize = value;
      return this;
    }

    /** Sets {@link GenerationOptions#endTokens}. */
    public Builder endTokens(Set<Integer> value) {
      endTokens = value;
      return this;
    }

    /** Sets {@link GenerationOptions#stopCondition}. */
    public Builder stopCondition(StopCondition value) {
      stopCondition = value;
      return this;
    }

    /** Sets {@link GenerationOptions#listener}. */
    public Builder listener(TokenListener value) {
      listener = value;
      return this;
    }

    /**
     * The options.
     *
     * @throws IllegalArgumentException naming the option that is out of range
     */
    public GenerationOptions build() {
      if (filed != null) {
        requireNoContradiction(filed);
      }
      return new GenerationOptions(
          maxNewTokens,
          minNewTokens,
          beams,
          returnSequences,
          lengthPenalty,
          earlyStopping,
          sample,
          temperature,
          topK,
          topP,
          minP,
          seed,
          repetitionPenalty,
          noRepeatNgramSize,
          endTokens,
          stopCondition,
          listener);
    }
  }
}
