// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A text, or a pair of texts, as a model reads it. All arrays have one entry a token; they are not
 * to be changed, and some may be one and the same array.
 *
 * @param ids token ids
 * @param typeIds 0 for the first text and its special tokens, 1 for the second; 0 for padding
 * @param attentionMask 1, and 0 for padding
 * @param specialTokensMask 1 for special tokens that encoding added and for padding. A special
 *     token that stood in the text has 0
 * @param wordIds which word of its text the token is part of, from 0; −1 for added special tokens
 *     and padding. A punctuation character is a word
 * @param sequenceIds 0 for tokens of the first text, 1 for those of the second, −1 for the rest
 * @param charStart where the token begins in its original text, in UTF-16 units; 0 for added
 *     special tokens and padding
 * @param charEnd where it ends (exclusive), in UTF-16 units
 * @param codePointStart where it begins, in Unicode code points
 * @param codePointEnd where it ends (exclusive), in Unicode code points
 * @param tokens the tokens as the vocabulary writes them
 * @param overflow the further windows over what truncation cut, if asked for; they have no overflow
 *     of their own
 * @param truncatedTokens how many tokens of the texts are missing from this encoding (whether or
 *     not the overflow holds them)
 */
public record Encoding(
    int[] ids,
    int[] typeIds,
    int[] attentionMask,
    int[] specialTokensMask,
    int[] wordIds,
    int[] sequenceIds,
    int[] charStart,
    int[] charEnd,
    int[] codePointStart,
    int[] codePointEnd,
    List<String> tokens,
    List<Encoding> overflow,
    int truncatedTokens) {

  /** How many tokens there are, padding included. */
  public int size() {
    return ids.length;
  }

  /** Whether truncation cut tokens off. */
  public boolean isTruncated() {
    return truncatedTokens > 0;
  }

  /** Whether the other has the same tokens in the same places, and the same windows. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Encoding that
        && Arrays.equals(ids, that.ids)
        && Arrays.equals(typeIds, that.typeIds)
        && Arrays.equals(attentionMask, that.attentionMask)
        && Arrays.equals(specialTokensMask, that.specialTokensMask)
        && Arrays.equals(wordIds, that.wordIds)
        && Arrays.equals(sequenceIds, that.sequenceIds)
        && Arrays.equals(charStart, that.charStart)
        && Arrays.equals(charEnd, that.charEnd)
        && Arrays.equals(codePointStart, that.codePointStart)
        && Arrays.equals(codePointEnd, that.codePointEnd)
        && tokens.equals(that.tokens)
        && overflow.equals(that.overflow)
        && truncatedTokens == that.truncatedTokens;
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(ids) + truncatedTokens;
  }

  @Override
  public String toString() {
    return "Encoding[ids="
        + Arrays.toString(ids)
        + ", typeIds="
        + Arrays.toString(typeIds)
        + ", attentionMask="
        + Arrays.toString(attentionMask)
        + ", specialTokensMask="
        + Arrays.toString(specialTokensMask)
        + ", wordIds="
        + Arrays.toString(wordIds)
        + ", sequenceIds="
        + Arrays.toString(sequenceIds)
        + ", charStart="
        + Arrays.toString(charStart)
        + ", charEnd="
        + Arrays.toString(charEnd)
        + ", codePointStart="
        + Arrays.toString(codePointStart)
        + ", codePointEnd="
        + Arrays.toString(codePointEnd)
        + ", tokens="
        + tokens
        + ", overflow="
        + overflow
        + ", truncatedTokens="
        + truncatedTokens
        + "]";
  }
}
