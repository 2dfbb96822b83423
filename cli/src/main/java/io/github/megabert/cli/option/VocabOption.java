// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.MegaBertBuilder;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which vocabulary. */
public final class VocabOption implements Consumer<MegaBertBuilder> {
  @Option(
      names = "--vocab",
      paramLabel = "PATH",
      description = "A vocab.txt, or a folder with tokenizer files, in place of the model's own.")
  private @Nullable Path vocab;

  /** The path, where one is named. */
  public @Nullable Path path() {
    return vocab;
  }

  @Override
  public void accept(MegaBertBuilder builder) {
    if (vocab != null) {
      builder.tokenizer(vocab);
    }
  }
}
