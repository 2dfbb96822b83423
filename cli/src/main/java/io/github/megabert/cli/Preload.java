// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import io.github.megabert.MegaBert;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ParameterTable;
import java.io.IOException;

/**
 * Loads, on another processor while the options are read, the classes that most commands need next.
 * Nothing depends on it; a failure here shows again where it matters. A GPU is left alone: opening
 * one is no light matter, and another backend may be asked for.
 */
final class Preload {
  private Preload() {}

  /** Begins. */
  static void start() {
    Thread.ofPlatform().daemon().name("megabert-preload").start(Preload::load);
  }

  private static void load() {
    try (Checkpoint checkpoint = MegaBert.demoCheckpoint();
        Backend backend = Backends.open(Backends.VECTOR, BackendOptions.DEFAULT.withThreads(1))) {
      backend.parameter(checkpoint.tensor(ParameterTable.CLOSING_NORM + ".weight"));
    } catch (IOException | RuntimeException | LinkageError | VirtualMachineError ignored) {
      // The command meets the same failure and reports it.
    }
  }
}
