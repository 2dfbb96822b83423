// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.MegaBertBuilder;
import io.github.megabert.task.Batching;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** How many texts are computed together. */
public final class BatchOption implements Consumer<MegaBertBuilder> {
  /** Tokens that a batch has room for, a text of it. */
  private static final int TOKENS_A_TEXT = 256;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      defaultValue = "16",
      converter = Numbers.AtLeastOne.class,
      description =
          "Texts computed together; short ones are more, long ones fewer. Default: "
              + "${DEFAULT-VALUE}.")
  private int batchSize = 16;

  @Override
  public void accept(MegaBertBuilder builder) {
    builder.batching(batching(batchSize));
  }

  /** Batches with room for so many texts of usual length. */
  public static Batching batching(int batchSize) {
    long budget = Math.min(Integer.MAX_VALUE, (long) batchSize * TOKENS_A_TEXT);
    return Batching.DEFAULT.withTokenBudget((int) budget);
  }
}
