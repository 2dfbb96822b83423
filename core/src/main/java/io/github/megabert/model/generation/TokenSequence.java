// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model.generation;

import java.util.Arrays;

/** A growing list of token ids. */
final class TokenSequence {
  private int[] ids;
  private int length;
  private final int promptLength;

  TokenSequence(int[] prompt) {
    ids = Arrays.copyOf(prompt, prompt.length + 32);
    length = prompt.length;
    promptLength = prompt.length;
  }

  private TokenSequence(TokenSequence parent) {
    ids = parent.ids.clone();
    length = parent.length;
    promptLength = parent.promptLength;
  }

  /** A copy with one more token. */
  TokenSequence with(int token) {
    TokenSequence longer = new TokenSequence(this);
    longer.add(token);
    return longer;
  }

  void add(int token) {
    if (length == ids.length) {
      ids = Arrays.copyOf(ids, 2 * length);
    }
    ids[length++] = token;
  }

  int get(int index) {
    return ids[index];
  }

  int last() {
    return ids[length - 1];
  }

  int length() {
    return length;
  }

  int promptLength() {
    return promptLength;
  }

  int newTokens() {
    return length - promptLength;
  }

  int[] toArray() {
    return Arrays.copyOf(ids, length);
  }
}
