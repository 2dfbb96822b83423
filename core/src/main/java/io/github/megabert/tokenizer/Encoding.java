package io.github.megabert.tokenizer;

import java.util.List;

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
}
