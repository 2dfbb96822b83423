package io.github.megabert.cli;

import io.github.megabert.MegaBertBuilder;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** How long texts may be. */
final class LengthOptions implements Consumer<MegaBertBuilder> {
  @Option(
      names = "--max-length",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Most tokens of a text. Default: what the model takes.")
  int maxLength = Integer.MAX_VALUE;

  @Override
  public void accept(MegaBertBuilder builder) {
    builder.maxLength(maxLength);
  }
}
