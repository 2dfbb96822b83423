package io.github.megabert.cli;

import io.github.megabert.model.generation.GenerationOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How the next token is chosen. */
final class SearchOptions {
  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Most tokens to add. Default: 20.")
  private int maxNewTokens = 20;

  @Option(
      names = "--min-new-tokens",
      paramLabel = "N",
      converter = Numbers.AtLeastZero.class,
      description = "Tokens before the text may end. Default: 0.")
  private int minNewTokens;

  @Option(
      names = "--beams",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Beams of a beam search. Default: 1.")
  private int beams = 1;

  @Option(
      names = "--return-sequences",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Results a prompt. Default: 1.")
  private int returnSequences = 1;

  @Option(
      names = "--length-penalty",
      paramLabel = "X",
      converter = Numbers.Finite.class,
      description = "Exponent of the length that divides a beam's score. Default: 1.")
  private @Nullable Double lengthPenalty;

  @Option(
      names = "--early-stopping",
      description = "End a beam search as soon as there are as many results as beams.")
  private boolean earlyStopping;

  @Option(
      names = "--temperature",
      paramLabel = "X",
      converter = Numbers.Positive.class,
      description = "Draw the next token, from logits divided by this.")
  private @Nullable Double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "N",
      converter = Numbers.AtLeastZero.class,
      description = "Draw from the N likeliest tokens only; 0 for all. Default when drawing: 50.")
  private @Nullable Integer topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      converter = Numbers.Probability.class,
      description = "Draw from the likeliest tokens that together reach this probability.")
  private @Nullable Double topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      converter = Numbers.Share.class,
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
      converter = Numbers.Positive.class,
      description = "Makes tokens that are there already less likely. Default: 1.")
  private double repetitionPenalty = 1;

  @Option(
      names = "--no-repeat-ngram-size",
      paramLabel = "N",
      converter = Numbers.AtLeastZero.class,
      description = "No N tokens in a row occur twice. Default: 0, no such rule.")
  private int noRepeatNgramSize;

  private boolean draws() {
    return temperature != null || topK != null || topP != null || minP != null || seed != null;
  }

  /**
   * Checks that the options go together.
   *
   * @throws WrongUsage if one would not be heeded
   */
  void requireUseful() {
    WrongUsage.unless(
        minNewTokens <= maxNewTokens,
        "--min-new-tokens " + minNewTokens + " is more than --max-new-tokens " + maxNewTokens);
    WrongUsage.unless(
        beams <= GenerationOptions.MOST_SEQUENCES
            && returnSequences <= GenerationOptions.MOST_SEQUENCES,
        "--beams and --return-sequences may be at most " + GenerationOptions.MOST_SEQUENCES);
    WrongUsage.unless(
        beams > 1 || lengthPenalty == null, "--length-penalty is for beams: give --beams N too");
    WrongUsage.unless(
        beams > 1 || !earlyStopping, "--early-stopping is for beams: give --beams N too");
    WrongUsage.unless(
        beams == 1 || !draws(),
        "--beams finds the likeliest text, --temperature, --top-k, --top-p, --min-p and --seed draw"
            + " one: choose");
    WrongUsage.unless(
        returnSequences == 1 || draws() || returnSequences <= beams,
        "--return-sequences "
            + returnSequences
            + " needs as many --beams, or --temperature or --seed to draw different texts");
  }

  /** The options so far; asking for anything that concerns drawing means to draw. */
  GenerationOptions.Builder builder() {
    GenerationOptions.Builder builder =
        GenerationOptions.builder()
            .maxNewTokens(maxNewTokens)
            .minNewTokens(minNewTokens)
            .beams(beams)
            .returnSequences(returnSequences)
            .lengthPenalty(lengthPenalty == null ? 1 : lengthPenalty)
            .repetitionPenalty(repetitionPenalty)
            .noRepeatNgramSize(noRepeatNgramSize);
    if (earlyStopping) {
      builder.earlyStopping(GenerationOptions.EarlyStopping.FIRST_FINISHED);
    }
    builder.sample(draws());
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
