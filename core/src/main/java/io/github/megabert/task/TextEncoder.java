// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.EncodingOptions;
import io.github.megabert.tokenizer.Overflow;
import io.github.megabert.tokenizer.Truncation;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Encodes texts so that they fit the model, and cuts, splits or refuses those that do not. */
final class TextEncoder {
  private final BertTokenizer tokenizer;
  private final int maxLength;
  private final int vocabularySize;

  /**
   * @param maxLength most tokens of an encoding, special tokens included
   * @param vocabularySize rows of the model's word embeddings; the tokenizer may have added tokens
   *     beyond them
   */
  TextEncoder(BertTokenizer tokenizer, int maxLength, int vocabularySize) {
    this.tokenizer = tokenizer;
    this.maxLength = maxLength;
    this.vocabularySize = vocabularySize;
  }

  BertTokenizer tokenizer() {
    return tokenizer;
  }

  int maxLength() {
    return maxLength;
  }

  /**
   * Encodes a text or a pair.
   *
   * @param longText {@code REFUSE} or {@code TRUNCATE}
   * @param cut which text loses tokens
   * @throws IllegalArgumentException if it is too long and may not be cut, or has a token that the
   *     model does not know
   */
  Encoding encode(String text, @Nullable String pair, LongText longText, Truncation cut) {
    if (longText.requireWhole() == LongText.TRUNCATE) {
      return requireKnown(
          text,
          tokenizer.encode(text, pair, EncodingOptions.DEFAULT.withTruncation(cut, maxLength)));
    }
    return requireFits(
        pair == null ? "the text" : "the pair of texts",
        text,
        tokenizer.encode(text, pair, EncodingOptions.DEFAULT),
        "shorten it, or allow that it is cut (LongText.TRUNCATE, --truncate)");
  }

  /**
   * Encodes a text for a task that never cuts one.
   *
   * @param advice what to do about a text that is too long
   * @throws IllegalArgumentException if it is too long, or has a token that the model does not know
   */
  Encoding encodeWhole(String text, String advice) {
    return requireFits(
        "the text", text, tokenizer.encode(text, null, EncodingOptions.DEFAULT), advice);
  }

  /**
   * Encodes a text or a pair in as many windows as it takes.
   *
   * @param cut the text that is split
   * @param length most tokens of a window
   * @param overflow {@code COMPLETE}, or in order to compare {@code AS_REFERENCE}
   * @param stride tokens that a window repeats of the one before
   */
  List<Encoding> windows(
      String text,
      @Nullable String pair,
      Truncation cut,
      int length,
      Overflow overflow,
      int stride) {
    EncodingOptions options =
        EncodingOptions.DEFAULT.withTruncation(cut, length).withOverflow(overflow, stride);
    Encoding first = tokenizer.encode(text, pair, options);
    List<Encoding> windows = new ArrayList<>();
    windows.add(first);
    windows.addAll(first.overflow());
    windows.forEach(window -> requireKnown(text, window));
    return windows;
  }

  private Encoding requireFits(String what, String text, Encoding encoding, String advice) {
    if (encoding.size() > maxLength) {
      throw new TextTooLongException(
          what
              + " \""
              + excerpt(text)
              + "\" has "
              + encoding.size()
              + " tokens, the model takes at most "
              + maxLength
              + "; "
              + advice,
          encoding.size(),
          maxLength);
    }
    return requireKnown(text, encoding);
  }

  /** Added tokens may lie beyond the matrix; a text that has one cannot be read. */
  private Encoding requireKnown(String text, Encoding encoding) {
    for (int id : encoding.ids()) {
      if (id >= vocabularySize) {
        throw new IllegalArgumentException(
            "the text \""
                + excerpt(text)
                + "\" has the token \""
                + tokenizer.idToToken(id)
                + "\" of id "
                + id
                + ", for which the model has no row (vocab_size "
                + vocabularySize
                + "); leave that token out, or take the model that it was added for");
      }
    }
    return encoding;
  }

  /** The beginning of a text, for messages. */
  static String excerpt(String text) {
    return text.length() <= 60 ? text : text.substring(0, 60) + "…";
  }
}
