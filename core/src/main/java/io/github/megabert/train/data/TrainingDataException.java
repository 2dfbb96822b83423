// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import io.github.megabert.input.UnreadableFileException;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Training data cannot be used: a file is missing or malformed, or a row is. The message is one
 * sentence that names the file and the line, says what was found and what was expected.
 */
public final class TrainingDataException extends IOException {
  private static final long serialVersionUID = 1L;

  /** A refusal of a file that cannot be opened, whose sentence names it. */
  TrainingDataException(UnreadableFileException refusal) {
    super(refusal.getMessage(), refusal);
  }

  /** A refusal of a whole file: the sentence follows the file's name. */
  public TrainingDataException(Path file, String sentence) {
    super(file + " " + sentence);
  }

  /** A refusal of an example that stands in no file: the sentence follows its place. */
  public TrainingDataException(String place, String sentence) {
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
}
