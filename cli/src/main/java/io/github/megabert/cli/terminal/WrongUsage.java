// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.terminal;

/** Options that contradict each other, or do not apply: the command ends with exit code 2. */
public final class WrongUsage extends RuntimeException {
  private static final long serialVersionUID = 1;

  public WrongUsage(String message) {
    super(message);
  }

  /** Refuses a command line in a sentence unless a condition holds. */
  public static void unless(boolean condition, String message) {
    if (!condition) {
      throw new WrongUsage(message);
    }
  }
}
