package io.github.megabert.train.data;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Training data cannot be used: a file is missing or malformed, or a row is. The message is one
 * sentence that names the file and the line, says what was found and what was expected.
 */
public final class TrainingDataException extends IOException {
  private static final long serialVersionUID = 1L;
  private static final int LONGEST_QUOTE = 80;

  /** A refusal of a whole file: the sentence follows the file's name. */
  TrainingDataException(Path file, String sentence) {
    super(file + " " + sentence);
  }

  /** A refusal of an example that stands in no file: the sentence follows its place. */
  TrainingDataException(String place, String sentence) {
    super(place + ": " + sentence);
  }

  /**
   * A refusal of a row.
   *
   * @param line the row's first line, from 1
   */
  TrainingDataException(Path file, long line, String sentence) {
    super(file + ", line " + line + ": " + sentence);
  }

  /** A text of the file as a message may show it: short, on one line. */
  public static String quote(String text) {
    StringBuilder shown = new StringBuilder("'");
    for (int i = 0; i < Math.min(text.length(), LONGEST_QUOTE); i++) {
      char c = text.charAt(i);
      shown.append(Character.isISOControl(c) || Character.isSurrogate(c) ? '?' : c);
    }
    return shown.append(text.length() > LONGEST_QUOTE ? "…'" : "'").toString();
  }
}
