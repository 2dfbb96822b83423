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

  /**
   * @param maxLength most tokens of an encoding, special tokens included
   */
  TextEncoder(BertTokenizer tokenizer, int maxLength) {
    this.tokenizer = tokenizer;
    this.maxLength = maxLength;
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
   * @throws IllegalArgumentException if it is too long and may not be cut
   */
  Encoding encode(String text, @Nullable String pair, LongText longText, Truncation cut) {
    if (longText.requireWhole() == LongText.TRUNCATE) {
      return tokenizer.encode(text, pair, EncodingOptions.DEFAULT.withTruncation(cut, maxLength));
    }
    Encoding encoding = tokenizer.encode(text, pair, EncodingOptions.DEFAULT);
    if (encoding.size() > maxLength) {
      throw tooLong(pair == null ? "the text" : "the pair of texts", text, encoding.size());
    }
    return encoding;
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
    if (first.overflow().isEmpty()) {
      return List.of(first);
    }
    List<Encoding> windows = new ArrayList<>();
    windows.add(first);
    windows.addAll(first.overflow());
    return windows;
  }

  private IllegalArgumentException tooLong(String what, String text, int tokens) {
    return new IllegalArgumentException(
        what
            + " \""
            + excerpt(text)
            + "\" has "
            + tokens
            + " tokens, the model takes at most "
            + maxLength
            + "; shorten it, or allow that it is cut (LongText.TRUNCATE, --truncate)");
  }

  /** The beginning of a text, for messages. */
  static String excerpt(String text) {
    return text.length() <= 60 ? text : text.substring(0, 60) + "…";
  }
}
