// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import io.github.megabert.tokenizer.BertTokenizer;
import java.util.BitSet;
import java.util.stream.IntStream;

/** What masking asks a vocabulary: its special ids, and which tokens continue a word. */
public final class WordPieces {
  private static final String CONTINUES = "##";

  private final int cls;
  private final int sep;
  private final int pad;
  private final int mask;
  private final BitSet continuing = new BitSet();

  /** Every id that has a token, in ascending order. */
  private final int[] ids;

  /** Those of a tokenizer. */
  public WordPieces(BertTokenizer tokenizer) {
    cls = tokenizer.clsId();
    sep = tokenizer.sepId();
    pad = tokenizer.padId();
    mask = tokenizer.maskId();
    ids = IntStream.range(0, tokenizer.vocabularySize()).filter(tokenizer::hasToken).toArray();
    for (int id : ids) {
      continuing.set(id, tokenizer.idToToken(id).startsWith(CONTINUES));
    }
  }

  int cls() {
    return cls;
  }

  int sep() {
    return sep;
  }

  int pad() {
    return pad;
  }

  int mask() {
    return mask;
  }

  /** Whether the token is a later piece of a word. */
  boolean isContinuing(int id) {
    return continuing.get(id);
  }

  /** Number of ids that have a token. */
  int size() {
    return ids.length;
  }

  /** The {@code n}th id that has a token. */
  int id(int n) {
    return ids[n];
  }

  /** Whether the token is {@code [PAD]}. */
  public boolean isPadding(int id) {
    return id == pad;
  }

  /** One more than the highest id. */
  public int limit() {
    return ids[ids.length - 1] + 1;
  }
}
