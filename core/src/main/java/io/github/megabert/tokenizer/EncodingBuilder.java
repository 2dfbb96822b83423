// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.util.Arrays;
import java.util.List;

/** Fills the arrays of one {@link Encoding} from left to right. */
final class EncodingBuilder {
  private final int[] ids;
  private final int[] typeIds;
  private final int[] attentionMask;
  private final int[] specialTokensMask;
  private final int[] wordIds;
  private final int[] sequenceIds;
  private final int[] charStart;
  private final int[] charEnd;
  private final int[] codePointStart;
  private final int[] codePointEnd;
  private final boolean countCodePoints;
  private int size;

  /**
   * @param length tokens of the encoding, padding included
   * @param padId the id that every place holds until it is filled
   * @param countCodePoints whether code point offsets differ from UTF-16 offsets
   */
  EncodingBuilder(int length, int padId, boolean countCodePoints) {
    this.countCodePoints = countCodePoints;
    ids = new int[length];
    typeIds = new int[length];
    attentionMask = new int[length];
    specialTokensMask = new int[length];
    wordIds = new int[length];
    sequenceIds = new int[length];
    charStart = new int[length];
    charEnd = new int[length];
    codePointStart = countCodePoints ? new int[length] : charStart;
    codePointEnd = countCodePoints ? new int[length] : charEnd;
    if (padId != 0) {
      Arrays.fill(ids, padId);
    }
    Arrays.fill(specialTokensMask, 1);
    Arrays.fill(wordIds, -1);
    Arrays.fill(sequenceIds, -1);
  }

  /** Adds a special token. */
  void special(int id, int typeId) {
    ids[size] = id;
    typeIds[size] = typeId;
    attentionMask[size++] = 1;
  }

  /** Adds the tokens of a window of text number {@code sequence}, which is their type as well. */
  void text(EncodedText text, TruncationPlan.Window window, int sequence) {
    TokenBuffer tokens = text.tokens;
    int from = window.from();
    int count = window.to() - from;
    System.arraycopy(tokens.ids, from, ids, size, count);
    System.arraycopy(tokens.words, from, wordIds, size, count);
    System.arraycopy(tokens.starts, from, charStart, size, count);
    System.arraycopy(tokens.ends, from, charEnd, size, count);
    if (countCodePoints) {
      for (int i = 0; i < count; i++) {
        codePointStart[size + i] = text.codePoint(tokens.starts[from + i]);
        codePointEnd[size + i] = text.codePoint(tokens.ends[from + i]);
      }
    }
    int end = size + count;
    Arrays.fill(typeIds, size, end, sequence);
    Arrays.fill(sequenceIds, size, end, sequence);
    Arrays.fill(attentionMask, size, end, 1);
    Arrays.fill(specialTokensMask, size, end, 0);
    size = end;
  }

  Encoding build(Vocabulary vocabulary, List<Encoding> overflow, int truncatedTokens) {
    return new Encoding(
        ids,
        typeIds,
        attentionMask,
        specialTokensMask,
        wordIds,
        sequenceIds,
        charStart,
        charEnd,
        codePointStart,
        codePointEnd,
        new TokenList(vocabulary, ids),
        overflow,
        truncatedTokens);
  }
}
