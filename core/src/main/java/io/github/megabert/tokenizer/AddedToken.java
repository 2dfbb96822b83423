package io.github.megabert.tokenizer;

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

  /**
   * Longer contents are refused: the search for added tokens costs the text's length times this in
   * the worst case.
   */
  static final int MAX_LENGTH = 1000;

  /**
   * Checks the content.
   *
   * @throws IllegalArgumentException if it is empty, longer than 1000 characters or not valid
   *     Unicode
   */
  public AddedToken {
    if (content.isEmpty()) {
      throw new IllegalArgumentException("An added token is empty; it needs at least a character.");
    }
    if (content.length() > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "The added token \"%s…\" has %d characters; at most %d are allowed."
              .formatted(content.substring(0, 20), content.length(), MAX_LENGTH));
    }
    if (Vocabulary.hasLoneSurrogate(content)) {
      throw new IllegalArgumentException(
          "The added token \"" + content + "\" holds half of a surrogate pair.");
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
