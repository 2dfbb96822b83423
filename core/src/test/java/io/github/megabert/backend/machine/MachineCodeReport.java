// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;

/** Says in a process of its own whether there is machine code, and opens the vector backend. */
final class MachineCodeReport {
  private MachineCodeReport() {}

  public static void main(String[] arguments) {
    System.out.println("reason: " + MachineCode.reason());
    try {
      Backends.open(Backends.VECTOR, BackendOptions.DEFAULT).close();
      System.out.println("opened");
    } catch (IllegalArgumentException refusal) {
      System.out.println("refused: " + refusal.getMessage());
    }
  }
}
