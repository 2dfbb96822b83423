// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.terminal;

/** The program, as its messages and reports name it. */
public final class Program {
  /** Its version. */
  public static final String VERSION = "0.1.0";

  /** The exit code of a failure. */
  public static final int FAILURE = 1;

  private Program() {}
}
