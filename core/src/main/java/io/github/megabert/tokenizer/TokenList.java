// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.util.AbstractList;
import java.util.RandomAccess;

/** The tokens of ids, looked up when asked for. */
final class TokenList extends AbstractList<String> implements RandomAccess {
  private final Vocabulary vocabulary;
  private final int[] ids;

  TokenList(Vocabulary vocabulary, int[] ids) {
    this.vocabulary = vocabulary;
    this.ids = ids;
  }

  @Override
  public String get(int index) {
    return vocabulary.token(ids[index]);
  }

  @Override
  public int size() {
    return ids.length;
  }
}
