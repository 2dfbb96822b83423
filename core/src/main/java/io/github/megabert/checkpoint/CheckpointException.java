package io.github.megabert.checkpoint;

import java.io.IOException;

/**
 * A checkpoint cannot be read: it is malformed, hostile, incomplete or of an unknown kind. The
 * message is one sentence that says where, what was found, what was expected and what to do.
 */
public final class CheckpointException extends IOException {
  private static final long serialVersionUID = 1L;
  private static final int LONGEST_QUOTE = 80;

  /** A refusal with its sentence. */
  public CheckpointException(String message) {
    super(message);
  }

  /** A refusal with its sentence and what lies behind it. */
  public CheckpointException(String message, Throwable cause) {
    super(message, cause);
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
