// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.terminal;

import java.util.function.Consumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * The one line of a terminal that says how far a long task is, on standard error. Tasks of less
 * than a second show none, and where standard error is no terminal nothing is ever shown.
 */
public final class Progress {
  private static final long DELAY_NANOS = 1_000_000_000L;

  /** A process has one terminal, so it has one bar. */
  private static final Progress CURRENT = new Progress(Terminals.err());

  private final boolean shown;
  private final long start = System.nanoTime();
  private @Nullable String task;
  private @Nullable ProgressBar bar;

  private Progress(boolean shown) {
    this.shown = shown;
  }

  /** Whether anything will be shown. */
  public static boolean isShown() {
    return CURRENT.shown;
  }

  /**
   * A task is so far.
   *
   * @param name of the task; another one ends the one before
   * @param unit of the numbers, with a space before it
   * @param unitSize how much of {@code done} a unit is
   * @param total -1 where nobody knows it
   */
  public static void show(String name, String unit, long unitSize, long done, long total) {
    if (CURRENT.shown && System.nanoTime() - CURRENT.start > DELAY_NANOS) {
      CURRENT.update(name, unit, unitSize, done, total);
    }
  }

  /** Bytes of a model are loaded. */
  public static void loading(String tensor, long done, long total) {
    show("loading", " MB", 1_000_000, done, total);
  }

  /** Hands over results, and shows how many they are if they do not scroll over the terminal. */
  public static <R> Consumer<R> counting(Consumer<R> action) {
    if (!CURRENT.shown || Terminals.out()) {
      return action;
    }
    long[] count = new long[1];
    return result -> {
      action.accept(result);
      show("texts", "", 1, ++count[0], -1);
    };
  }

  /** The line belongs to others again: results or a message follow. */
  public static void end() {
    CURRENT.update(null, "", 1, 0, 0);
  }

  private synchronized void update(
      @Nullable String name, String unit, long unitSize, long done, long total) {
    if (bar != null && (name == null || !name.equals(task))) {
      bar.close();
      bar = null;
    }
    task = name;
    if (name == null) {
      return;
    }
    if (bar == null) {
      bar =
          new ProgressBarBuilder()
              .setTaskName(name)
              .setInitialMax(total)
              .setUnit(unit, unitSize)
              .setStyle(ProgressBarStyle.ASCII)
              .showSpeed()
              .build();
    }
    bar.stepTo(done);
  }
}
