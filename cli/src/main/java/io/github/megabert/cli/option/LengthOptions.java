// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.MegaBertBuilder;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** How long texts may be. */
public final class LengthOptions implements Consumer<MegaBertBuilder> {
  @Option(
      names = "--max-length",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Most tokens of a text. Default: what the model takes.")
  public int maxLength = Integer.MAX_VALUE;

  @Override
  public void accept(MegaBertBuilder builder) {
    builder.maxLength(maxLength);
  }
}
