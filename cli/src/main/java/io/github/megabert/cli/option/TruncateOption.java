package io.github.megabert.cli;

import io.github.megabert.task.LongText;
import picocli.CommandLine.Option;

/** What happens to texts that are too long. */
final class TruncateOption {
  @Option(
      names = "--truncate",
      description = "Cut texts that are too long, and say so, rather than refuse them.")
  boolean truncate;

  LongText longText() {
    return truncate ? LongText.TRUNCATE : LongText.REFUSE;
  }

  /** Says on standard error that a text was cut. */
  static void report(int truncatedTokens, String what) {
    if (truncatedTokens > 0) {
      System.err.println(
          "megabert: " + what + " was cut: " + truncatedTokens + " tokens are missing");
    }
  }
}
