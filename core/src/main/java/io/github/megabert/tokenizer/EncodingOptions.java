// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

/**
 * How texts are encoded.
 *
 * @param addSpecialTokens {@code [CLS] a [SEP]} and {@code [CLS] a [SEP] b [SEP]} instead of the
 *     bare tokens
 * @param truncation which text is cut when the encoding is longer than {@code maxLength}
 * @param maxLength most tokens of an encoding, special tokens included; 0 stands for the
 *     tokenizer's {@link BertTokenizer#modelMaxLength()}. Matters only with a truncation
 * @param stride how many tokens an overflowing window repeats of the one before
 * @param overflow whether what was cut comes as further windows in {@link Encoding#overflow()}
 * @param padToLongest pads every encoding of a batch to the longest one
 * @param padToLength pads to this many tokens at least; 0: no
 * @param padToMultipleOf rounds the padded length up to a multiple of this; 0: no
 */
public record EncodingOptions(
    boolean addSpecialTokens,
    Truncation truncation,
    int maxLength,
    int stride,
    Overflow overflow,
    boolean padToLongest,
    int padToLength,
    int padToMultipleOf) {

  /** Special tokens, no truncation, no padding. */
  public static final EncodingOptions DEFAULT =
      new EncodingOptions(true, Truncation.NONE, 0, 0, Overflow.NONE, false, 0, 0);

  /** {@link #DEFAULT}, cut to the tokenizer's {@link BertTokenizer#modelMaxLength()}. */
  public static final EncodingOptions TRUNCATED = DEFAULT.withTruncation(Truncation.LONGEST_FIRST);

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException if one is negative
   */
  public EncodingOptions {
    refuseNegative("maxLength", maxLength);
    refuseNegative("stride", stride);
    refuseNegative("padToLength", padToLength);
    refuseNegative("padToMultipleOf", padToMultipleOf);
  }

  private static void refuseNegative(String name, int value) {
    if (value < 0) {
      throw new IllegalArgumentException(name + " is " + value + "; it must not be negative.");
    }
  }

  /** The same with or without special tokens. */
  public EncodingOptions withSpecialTokens(boolean value) {
    return new EncodingOptions(
        value, truncation, maxLength, stride, overflow, padToLongest, padToLength, padToMultipleOf);
  }

  /** The same with another truncation. */
  public EncodingOptions withTruncation(Truncation value) {
    return new EncodingOptions(
        addSpecialTokens,
        value,
        maxLength,
        stride,
        overflow,
        padToLongest,
        padToLength,
        padToMultipleOf);
  }

  /** The same with another truncation and greatest length. */
  public EncodingOptions withTruncation(Truncation value, int newMaxLength) {
    return new EncodingOptions(
        addSpecialTokens,
        value,
        newMaxLength,
        stride,
        overflow,
        padToLongest,
        padToLength,
        padToMultipleOf);
  }

  /** The same with another greatest length. */
  public EncodingOptions withMaxLength(int value) {
    return withTruncation(truncation, value);
  }

  /** The same with overflowing windows that repeat {@code newStride} tokens. */
  public EncodingOptions withOverflow(Overflow value, int newStride) {
    return new EncodingOptions(
        addSpecialTokens,
        truncation,
        maxLength,
        newStride,
        value,
        padToLongest,
        padToLength,
        padToMultipleOf);
  }

  /** The same with batches padded to their longest encoding. */
  public EncodingOptions withPaddingToLongest() {
    return new EncodingOptions(
        addSpecialTokens,
        truncation,
        maxLength,
        stride,
        overflow,
        true,
        padToLength,
        padToMultipleOf);
  }

  /** The same, padded to a length. */
  public EncodingOptions withPadToLength(int value) {
    return new EncodingOptions(
        addSpecialTokens,
        truncation,
        maxLength,
        stride,
        overflow,
        padToLongest,
        value,
        padToMultipleOf);
  }

  /** The same, with the padded length rounded up to a multiple. */
  public EncodingOptions withPadToMultipleOf(int value) {
    return new EncodingOptions(
        addSpecialTokens,
        truncation,
        maxLength,
        stride,
        overflow,
        padToLongest,
        padToLength,
        value);
  }
}
