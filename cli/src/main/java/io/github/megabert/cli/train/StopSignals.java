// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.cli.terminal.Progress;
import io.github.megabert.train.TrainingListener;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/**
 * Ctrl-C and SIGTERM during a training run: the run ends after the step under way, with a whole
 * checkpoint. Before its first step, or at a second Ctrl-C, the process ends at once. The JVM does
 * not shut down meanwhile, so that files can be finished.
 */
public final class StopSignals implements TrainingListener, AutoCloseable {
  /** 128 and the number of SIGINT, as shells have it. */
  static final int EXIT_CODE = 130;

  private static final String INT = "INT";
  private static final String TERM = "TERM";

  private final Thread run;
  private final boolean isSaid;
  private final @Nullable Object beforeInt;
  private final @Nullable Object beforeTerm;
  private volatile boolean isTraining;
  private volatile boolean isStopping;

  private StopSignals(Thread run, boolean isSaid) {
    this.run = run;
    this.isSaid = isSaid;
    beforeInt = Signals.register(INT, this::interrupted);
    beforeTerm = Signals.register(TERM, this::terminated);
  }

  /**
   * From now on signals interrupt a thread, which trains.
   *
   * @param isSaid whether it is told on standard error
   */
  static StopSignals install(Thread run, boolean isSaid) {
    return new StopSignals(run, isSaid);
  }

  @Override
  public void begun(int done, int steps) {
    isTraining = true;
  }

  private void interrupted() {
    if (!isTraining || isStopping) {
      Runtime.getRuntime().halt(EXIT_CODE);
    }
    stop("Ctrl-C again ends at once, without one");
  }

  /** Who sends it after a Ctrl-C means the same: a parent process that ends with its children. */
  private void terminated() {
    if (!isTraining) {
      Runtime.getRuntime().halt(EXIT_CODE);
    }
    if (!isStopping) {
      stop("the run can be resumed");
    }
  }

  private void stop(String more) {
    isStopping = true;
    if (isSaid) {
      Progress.end();
      System.err.println("megabert: stopping after this step, with a checkpoint; " + more);
    }
    run.interrupt();
  }

  @Override
  public void close() {
    if (beforeInt != null) {
      Signals.unregister(INT, beforeInt);
    }
    if (beforeTerm != null) {
      Signals.unregister(TERM, beforeTerm);
    }
  }
}
