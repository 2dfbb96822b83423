package io.github.megabert.cli;

import io.github.megabert.model.generation.GenerationOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How the next token is chosen. */
final class SearchOptions {
  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      description = "Most tokens to add. Default: 20.")
  private int maxNewTokens = 20;

  @Option(
      names = "--min-new-tokens",
      paramLabel = "N",
      description = "Tokens before the text may end. Default: 0.")
  private int minNewTokens;

  @Option(names = "--beams", paramLabel = "N", description = "Beams of a beam search. Default: 1.")
  private int beams = 1;

  @Option(
      names = "--return-sequences",
      paramLabel = "N",
      description = "Results a prompt. Default: 1.")
  private int returnSequences = 1;

  @Option(
      names = "--length-penalty",
      paramLabel = "X",
      description = "Exponent of the length that divides a beam's score. Default: 1.")
  private double lengthPenalty = 1;

  @Option(
      names = "--early-stopping",
      description = "End a beam search as soon as there are as many results as beams.")
  private boolean earlyStopping;

  @Option(
      names = "--temperature",
      paramLabel = "X",
      description = "Draw the next token, from logits divided by this.")
  private @Nullable Double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "N",
      description = "Draw from the N likeliest tokens only; 0 for all. Default when drawing: 50.")
  private @Nullable Integer topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Draw from the likeliest tokens that together reach this probability.")
  private @Nullable Double topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description = "Draw from tokens of at least this share of the likeliest one's probability.")
  private @Nullable Double minP;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Draw with this seed of the random numbers.")
  private @Nullable Long seed;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "X",
      description = "Makes tokens that are there already less likely. Default: 1.")
  private double repetitionPenalty = 1;

  @Option(
      names = "--no-repeat-ngram-size",
      paramLabel = "N",
      description = "No N tokens in a row occur twice. Default: 0, no such rule.")
  private int noRepeatNgramSize;

  /** The options so far; asking for anything that concerns drawing means to draw. */
  GenerationOptions.Builder builder() {
    GenerationOptions.Builder builder =
        GenerationOptions.builder()
            .maxNewTokens(maxNewTokens)
            .minNewTokens(minNewTokens)
            .beams(beams)
            .returnSequences(returnSequences)
            .lengthPenalty(lengthPenalty)
            .repetitionPenalty(repetitionPenalty)
            .noRepeatNgramSize(noRepeatNgramSize);
    if (earlyStopping) {
      builder.earlyStopping(GenerationOptions.EarlyStopping.FIRST_FINISHED);
    }
    builder.sample(
        temperature != null || topK != null || topP != null || minP != null || seed != null);
    if (temperature != null) {
      builder.temperature(temperature);
    }
    if (topK != null) {
      builder.topK(topK);
    }
    if (topP != null) {
      builder.topP(topP);
    }
    if (minP != null) {
      builder.minP(minP);
    }
    if (seed != null) {
      builder.seed(seed);
    }
    return builder;
  }
}
