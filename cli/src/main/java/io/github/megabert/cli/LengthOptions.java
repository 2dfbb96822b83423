package io.github.megabert.cli;

import io.github.megabert.MegaBertBuilder;
import io.github.megabert.task.Batching;
import io.github.megabert.task.LongText;
import picocli.CommandLine.Option;

/** How long texts may be, and how many are computed together. */
final class LengthOptions {
  /** Tokens that a batch has room for, a text of it. */
  private static final int TOKENS_A_TEXT = 256;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      defaultValue = "16",
      description =
          "Texts computed together; short ones are more, long ones fewer. Default: ${DEFAULT-VALUE}.")
  int batchSize = 16;

  @Option(
      names = "--max-length",
      paramLabel = "N",
      description = "Most tokens of a text. Default: what the model takes.")
  int maxLength = Integer.MAX_VALUE;

  @Option(
      names = "--truncate",
      description = "Cut texts that are too long, and say so, rather than refuse them.")
  boolean truncate;

  void apply(MegaBertBuilder builder) {
    builder.maxLength(maxLength).batching(batching(batchSize));
  }

  /** Batches of so many texts. What is typed line by line is answered line by line. */
  static Batching batching(int batchSize) {
    if (batchSize < 1) {
      throw new IllegalArgumentException("--batch-size must be at least 1, not " + batchSize);
    }
    int budget = (int) Math.min(Integer.MAX_VALUE, (long) batchSize * TOKENS_A_TEXT);
    Batching batching = Batching.DEFAULT.withTokenBudget(budget);
    return Terminals.in() ? batching.withReadAhead(1) : batching;
  }

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
