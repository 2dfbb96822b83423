// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --trace}: a timeline of a run. */
public final class TraceOption {
  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description =
          "A file for a timeline of the run, what each rank does when, for chrome://tracing and"
              + " ui.perfetto.dev.")
  private @Nullable Path file;

  /** The file; null for none. */
  @Nullable Path file() {
    return file;
  }
}
