// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.EncodingOptions;
import io.github.megabert.tokenizer.Truncation;
import org.jspecify.annotations.Nullable;

/**
 * How texts become sequences of tokens.
 *
 * @param tokenizer the model's
 * @param maxLength most tokens of a sequence, special tokens included
 * @param stride tokens that a window over a long context repeats of the one before; −1 for half a
 *     window, at most 128
 * @param seed of the masks of masked language modelling
 */
public record Preparation(BertTokenizer tokenizer, int maxLength, int stride, long seed) {
  /** Room for both special tokens and a token of text. */
  private static final int SHORTEST = 3;

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException if sequences are too short to hold a text
   */
  public Preparation {
    if (maxLength < SHORTEST) {
      throw new IllegalArgumentException(
          "the greatest length is " + maxLength + ", at least " + SHORTEST + " is expected");
    }
    if (stride < -1) {
      throw new IllegalArgumentException("the stride must not be negative: " + stride);
    }
  }

  /**
   * {@code [CLS] text [SEP]} or {@code [CLS] text [SEP] pair [SEP]}, cut: the longer text first.
   */
  Encoding encode(String text, @Nullable String pair) {
    return tokenizer.encode(
        text, pair, EncodingOptions.DEFAULT.withTruncation(Truncation.LONGEST_FIRST, maxLength));
  }
}
