// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

/** Machine code cannot be run here; the message says why. */
final class MachineCodeException extends Exception {
  private static final long serialVersionUID = 1;

  MachineCodeException(String reason) {
    super(reason);
  }
}
