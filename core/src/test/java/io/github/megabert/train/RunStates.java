// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** A run's {@code state.json}, for who reads it from another package. */
public final class RunStates {
  private RunStates() {}

  /** Writes a state, of a run that has had an evaluation. */
  public static void write(Path file) throws IOException {
    new RunState(0, 40, 38, 20, Map.of("loss", 0.625), 1, 12.5, 4096, "3f0c-7a").write(file);
  }

  /** Reads a state to its end. */
  public static String read(Path file) throws IOException {
    return RunState.read(file).toString();
  }
}
