// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.train.data.samples.Corpora;
import io.github.megabert.train.data.samples.DataSplit;
import io.github.megabert.train.data.samples.Objective;
import io.github.megabert.train.data.samples.SampleOptions;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The corpora that pre-training reads, and how samples are drawn from them. */
public final class CorpusOptions {
  private static final SampleOptions DEFAULT = SampleOptions.DEFAULT;

  @Option(
      names = "--data",
      paramLabel = "PREFIX",
      required = true,
      arity = "1..*",
      description =
          "Corpora, each PREFIX.bin and PREFIX.idx; or weights and corpora in turn: 0.7 A 0.3 B.")
  private List<String> data = List.of();

  @Option(
      names = "--objective",
      paramLabel = "NAME",
      converter = Objectives.class,
      completionCandidates = Objectives.class,
      description =
          "mlm+sop: masked words and the order of two segments; mlm: masked words; clm: the next"
              + " token. Default: mlm+sop.")
  private Objective objective = Objective.MASKED_WORDS_AND_ORDER;

  @Option(
      names = "--seq-length",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Most tokens of a sample, special tokens included. Default: 512.")
  private int sequenceLength = DEFAULT.sequenceLength();

  @Option(
      names = "--split",
      paramLabel = "A,B,C",
      converter = SplitText.class,
      description =
          "Proportions of the documents for training, validation and test. Default: 949,50,1.")
  private @Nullable DataSplit split;

  @Option(
      names = "--masking-probability",
      paramLabel = "P",
      converter = Numbers.Share.class,
      description = "Part of the tokens that is to be predicted. Default: 0.15.")
  private @Nullable Double maskingProbability;

  @Option(
      names = "--short-sequence-probability",
      paramLabel = "P",
      converter = Numbers.Share.class,
      description = "Part of the samples that are made shorter. Default: 0.1.")
  private @Nullable Double shortSequenceProbability;

  @Option(
      names = "--max-ngram",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Most words that are masked together. Default: 3.")
  private @Nullable Integer maxNgram;

  @Option(names = "--no-whole-word", description = "Mask pieces of words, not whole words.")
  private boolean noWholeWord;

  @Option(
      names = "--longer-ngrams",
      description = "Make more words together more probable than fewer, not less.")
  private boolean longerNgrams;

  @Option(
      names = "--geometric",
      description = "Draw the number of words from a geometric distribution, as in SpanBERT.")
  private boolean geometric;

  /** Names for {@code --objective}. */
  static final class Objectives implements Iterable<String>, ITypeConverter<Objective> {
    private static final List<String> NAMES =
        Arrays.stream(Objective.values()).map(Objective::optionName).toList();

    @Override
    public Iterator<String> iterator() {
      return NAMES.iterator();
    }

    @Override
    public Objective convert(String text) {
      try {
        return Objective.ofOptionName(text);
      } catch (IllegalArgumentException unknown) {
        throw new TypeConversionException(unknown.getMessage());
      }
    }
  }

  /** Reads {@code --split}. */
  static final class SplitText implements ITypeConverter<DataSplit> {
    @Override
    public DataSplit convert(String text) {
      try {
        return DataSplit.parse(text);
      } catch (IllegalArgumentException wrong) {
        throw new TypeConversionException(wrong.getMessage());
      }
    }
  }

  Objective objective() {
    return objective;
  }

  int sequenceLength() {
    return sequenceLength;
  }

  /** The split, where one is named. */
  @Nullable DataSplit split() {
    return split;
  }

  /** Opens the corpora. */
  Corpora open() throws IOException {
    return Corpora.open(data);
  }

  /**
   * Checks that nothing is asked of masking where nothing is masked.
   *
   * @throws WrongUsage if an option has no effect
   */
  void requireConsistent() {
    boolean masks = objective != Objective.CAUSAL;
    requireMasks(masks, maskingProbability != null, "--masking-probability");
    requireMasks(masks, shortSequenceProbability != null, "--short-sequence-probability");
    requireMasks(masks, maxNgram != null, "--max-ngram");
    requireMasks(masks, noWholeWord, "--no-whole-word");
    requireMasks(masks, longerNgrams, "--longer-ngrams");
    requireMasks(masks, geometric, "--geometric");
    WrongUsage.unless(
        !geometric || !longerNgrams,
        "--longer-ngrams has no effect with --geometric: leave one out");
  }

  private static void requireMasks(boolean masks, boolean isGiven, String option) {
    WrongUsage.unless(masks || !isGiven, option + " is for masked words: --objective clm has none");
  }

  /** How masked samples are drawn. */
  SampleOptions samples(int seed) {
    try {
      return new SampleOptions(
          seed,
          sequenceLength,
          maskingProbability == null ? DEFAULT.maskingProbability() : maskingProbability,
          shortSequenceProbability == null
              ? DEFAULT.shortSequenceProbability()
              : shortSequenceProbability,
          maxNgram == null ? DEFAULT.maxNgram() : maxNgram,
          !noWholeWord,
          longerNgrams,
          geometric,
          objective == Objective.MASKED_WORDS_AND_ORDER);
    } catch (IllegalArgumentException outOfRange) {
      throw new WrongUsage(outOfRange.getMessage());
    }
  }
}
