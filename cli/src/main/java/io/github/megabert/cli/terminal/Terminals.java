// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.terminal;

import java.io.Console;

/** Which of the standard streams are terminals: only there are progress bars drawn. */
public final class Terminals {
  /**
   * Set by the launcher, which can ask for each stream by itself: those of {@code in}, {@code out}
   * and {@code err} that are terminals.
   */
  private static final String PROPERTY = "megabert.terminals";

  private Terminals() {}

  /** Whether standard input is a terminal. */
  public static boolean in() {
    return is("in");
  }

  /** Whether standard output is a terminal. */
  public static boolean out() {
    return is("out");
  }

  /** Whether standard error is a terminal. */
  public static boolean err() {
    return is("err");
  }

  /** Without a terminal the console is null where the module that emulates one is not resolved. */
  @SuppressWarnings("SystemConsoleNull")
  private static boolean is(String stream) {
    String told = System.getProperty(PROPERTY);
    if (told != null) {
      return told.contains(stream);
    }
    Console console = System.console();
    return console != null && console.isTerminal();
  }
}
