// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import io.github.megabert.input.Quote;

/**
 * A token that is recognised as a whole inside text, before any splitting into words.
 *
 * @param content the token, not empty
 * @param id its id, or −1: the id it has in the vocabulary, else the next free one
 * @param singleWord recognised only where no word character touches it
 * @param leftStrip swallows the white space to its left
 * @param rightStrip swallows the white space to its right
 * @param normalized searched in normalised (lower-cased, …) text by its own normalised form,
 *     instead of in the raw text
 * @param special left out when decoding skips special tokens
 */
public record AddedToken(
    String content,
    int id,
    boolean singleWord,
    boolean leftStrip,
    boolean rightStrip,
    boolean normalized,
    boolean special) {

  /** Longer contents are refused: no token that a model learnt is as long. */
  static final int MAX_LENGTH = 1000;

  /**
   * Checks the content and the id.
   *
   * @throws IllegalArgumentException if it is empty, longer than 1000 characters or not valid
   *     Unicode, or the id is below −1
   */
  public AddedToken {
    if (content.isEmpty()) {
      throw new IllegalArgumentException("An added token is empty; it needs at least a character.");
    }
    if (content.length() > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "The added token "
              + Quote.quote(content)
              + " has "
              + content.length()
              + " characters; at most "
              + MAX_LENGTH
              + " are allowed.");
    }
    if (Vocabulary.hasLoneSurrogate(content)) {
      throw new IllegalArgumentException(
          "The added token " + Quote.quote(content) + " holds half of a surrogate pair.");
    }
    if (id < -1) {
      throw new IllegalArgumentException(
          "The added token " + Quote.quote(content) + " has the negative id " + id + ".");
    }
  }

  /** A special token such as {@code [MASK]}: searched in the raw text. */
  public static AddedToken special(String content) {
    return new AddedToken(content, -1, false, false, false, false, true);
  }

  /** An ordinary added token: searched in normalised text. */
  public static AddedToken ordinary(String content) {
    return new AddedToken(content, -1, false, false, false, true, false);
  }

  /** The same with another id. */
  public AddedToken withId(int newId) {
    return new AddedToken(content, newId, singleWord, leftStrip, rightStrip, normalized, special);
  }

  /** The same, recognised only as a whole word or not. */
  public AddedToken withSingleWord(boolean value) {
    return new AddedToken(content, id, value, leftStrip, rightStrip, normalized, special);
  }

  /** The same, swallowing white space on the left and on the right or not. */
  public AddedToken withStrip(boolean left, boolean right) {
    return new AddedToken(content, id, singleWord, left, right, normalized, special);
  }

  /** The same, searched in normalised or in raw text. */
  public AddedToken withNormalized(boolean value) {
    return new AddedToken(content, id, singleWord, leftStrip, rightStrip, value, special);
  }
}
