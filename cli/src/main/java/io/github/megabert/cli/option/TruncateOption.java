// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.task.LongText;
import picocli.CommandLine.Option;

/** What happens to texts that are too long. */
public final class TruncateOption {
  @Option(
      names = "--truncate",
      description = "Cut texts that are too long, and say so, rather than refuse them.")
  public boolean truncate;

  public LongText longText() {
    return truncate ? LongText.TRUNCATE : LongText.REFUSE;
  }

  /** Says on standard error that a text was cut. */
  public static void report(int truncatedTokens, String what) {
    if (truncatedTokens > 0) {
      System.err.println(
          "megabert: " + what + " was cut: " + truncatedTokens + " tokens are missing");
    }
  }
}
