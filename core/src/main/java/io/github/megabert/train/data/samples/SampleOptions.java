// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import java.util.Locale;

/**
 * How masked samples are drawn: {@code BERTMaskedWordPieceDatasetConfig} of Megatron-LM, whose
 * defaults in {@code pretrain_bert.py} these are.
 *
 * @param seed at least 1
 * @param sequenceLength most tokens of a sample, special tokens included; at least 5
 * @param maskingProbability part of the tokens that is to be predicted, above 0 and below 1
 * @param shortSequenceProbability part of the samples that are made shorter
 * @param maxNgram most words that are masked together
 * @param wholeWord whether all pieces of a word are masked with it
 * @param longerNgrams whether more words together are more probable than fewer, not less
 * @param geometric whether the number of words has a geometric distribution with p = 0.2, as in
 *     SpanBERT (M. Joshi et al., 2020, section 3.1)
 * @param sentenceOrder whether a sample has two segments, half of the time exchanged
 */
public record SampleOptions(
    int seed,
    int sequenceLength,
    double maskingProbability,
    double shortSequenceProbability,
    int maxNgram,
    boolean wholeWord,
    boolean longerNgrams,
    boolean geometric,
    boolean sentenceOrder) {
  /** Sequences of 512 tokens, 15 % of them masked in groups of up to 3 whole words. */
  public static final SampleOptions DEFAULT =
      new SampleOptions(1234, 512, 0.15, 0.1, 3, true, false, false, true);

  /** Two tokens between {@code [CLS]}, {@code [SEP]} and {@code [SEP]}. */
  private static final int SHORTEST = 5;

  /** More words than any sentence has; the work for a word grows with it. */
  private static final int MOST_WORDS = 512;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException naming what was given and what is expected
   */
  public SampleOptions {
    require(seed >= 1, "the seed", seed, "at least 1");
    require(
        sequenceLength >= SHORTEST, "the sequence length", sequenceLength, "at least " + SHORTEST);
    require(
        maskingProbability > 0 && maskingProbability < 1,
        "the masking probability",
        maskingProbability,
        "above 0 and below 1");
    require(
        shortSequenceProbability >= 0 && shortSequenceProbability <= 1,
        "the short sequences' probability",
        shortSequenceProbability,
        "from 0 to 1");
    require(
        maxNgram >= 1 && maxNgram <= MOST_WORDS,
        "the greatest n-gram",
        maxNgram,
        "from 1 to " + MOST_WORDS);
  }

  private static void require(boolean holds, String what, Number found, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s is %s, %s is expected", what, found, expected));
    }
  }

  /** These options with another greatest length. */
  public SampleOptions withSequenceLength(int value) {
    return new SampleOptions(
        seed,
        value,
        maskingProbability,
        shortSequenceProbability,
        maxNgram,
        wholeWord,
        longerNgrams,
        geometric,
        sentenceOrder);
  }

  /** These options with two segments a sample, or one. */
  public SampleOptions withSentenceOrder(boolean value) {
    return new SampleOptions(
        seed,
        sequenceLength,
        maskingProbability,
        shortSequenceProbability,
        maxNgram,
        wholeWord,
        longerNgrams,
        geometric,
        value);
  }

  /** Sentences that a sample has at least. */
  int leastSentences() {
    return sentenceOrder ? 2 : 1;
  }
}
