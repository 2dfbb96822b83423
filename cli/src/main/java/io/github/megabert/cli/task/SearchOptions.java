// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.task;

import io.github.megabert.MegaBert;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.model.generation.GenerationOptions;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How the next token is chosen. */
public final class SearchOptions {
  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Most tokens to add. Default: 20.")
  private @Nullable Integer maxNewTokens;

  @Option(
      names = "--min-new-tokens",
      paramLabel = "N",
      converter = Numbers.AtLeastZero.class,
      description = "Tokens before the text may end. Default: 0.")
  private @Nullable Integer minNewTokens;

  @Option(
      names = "--beams",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Beams of a beam search. Default: 1.")
  private @Nullable Integer beams;

  @Option(
      names = "--return-sequences",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Results a prompt. Default: 1.")
  private @Nullable Integer returnSequences;

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
  private @Nullable Double repetitionPenalty;

  @Option(
      names = "--no-repeat-ngram-size",
      paramLabel = "N",
      converter = Numbers.AtLeastZero.class,
      description = "No N tokens in a row occur twice. Default: 0, no such rule.")
  private @Nullable Integer noRepeatNgramSize;

  @Option(
      names = "--eos-token-id",
      paramLabel = "ID",
      split = ",",
      converter = Numbers.AtLeastZero.class,
      description =
          "Tokens that end the text. Default: those of generation_config.json, else of "
              + "config.json, else [SEP].")
  private List<Integer> endTokens = List.of();

  private boolean draws() {
    return temperature != null || topK != null || topP != null || minP != null || seed != null;
  }

  /**
   * Checks that the options go together, as far as the model's files have no say in it.
   *
   * @throws WrongUsage if one would not be heeded
   */
  void requireUseful() {
    int least = minNewTokens == null ? 0 : minNewTokens;
    WrongUsage.unless(
        maxNewTokens == null || least <= maxNewTokens,
        "--min-new-tokens " + least + " is more than --max-new-tokens " + maxNewTokens);
    int wide = beams == null ? 1 : beams;
    int results = returnSequences == null ? 1 : returnSequences;
    WrongUsage.unless(
        wide <= GenerationOptions.MOST_SEQUENCES && results <= GenerationOptions.MOST_SEQUENCES,
        "--beams and --return-sequences may be at most " + GenerationOptions.MOST_SEQUENCES);
    WrongUsage.unless(
        wide > 1 || lengthPenalty == null, "--length-penalty is for beams: give --beams N too");
    WrongUsage.unless(
        wide > 1 || !earlyStopping, "--early-stopping is for beams: give --beams N too");
    WrongUsage.unless(
        results == 1 || draws() || results <= wide,
        "--return-sequences "
            + results
            + " needs as many --beams, or --temperature or --seed to draw different texts");
  }

  /**
   * The options: those of the command line, else those of the model. Asking for anything that
   * concerns drawing means to draw.
   */
  GenerationOptions.Builder of(MegaBert bert) {
    GenerationOptions.Builder builder = bert.generationOptions(draws(), beams == null ? 0 : beams);
    set(maxNewTokens, builder::maxNewTokens);
    set(minNewTokens, builder::minNewTokens);
    set(returnSequences, builder::returnSequences);
    set(lengthPenalty, builder::lengthPenalty);
    set(repetitionPenalty, builder::repetitionPenalty);
    set(noRepeatNgramSize, builder::noRepeatNgramSize);
    if (earlyStopping) {
      builder.earlyStopping(GenerationOptions.EarlyStopping.FIRST_FINISHED);
    }
    set(temperature, builder::temperature);
    set(topK, builder::topK);
    set(topP, builder::topP);
    set(minP, builder::minP);
    set(seed, builder::seed);
    if (!endTokens.isEmpty()) {
      builder.endTokens(new LinkedHashSet<>(endTokens));
    }
    return builder;
  }

  private static <T> void set(@Nullable T value, Consumer<T> setting) {
    if (value != null) {
      setting.accept(value);
    }
  }
}
