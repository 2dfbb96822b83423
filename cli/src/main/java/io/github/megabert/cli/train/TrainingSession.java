// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.terminal.RankScope;
import io.github.megabert.train.TrainingListener;
import io.github.megabert.train.task.TrainingOutcome;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/**
 * A training run as a command does it: signals end it with a checkpoint, a line says how far it is,
 * and at the end come a report and a summary.
 *
 * @param task what is trained for, as the summary calls it
 * @param output the run's folder
 * @param begunWith what training begins with, for the report
 * @param backend what computes, for the report
 */
public record TrainingSession(
    String task, Path output, String begunWith, String backend, TensorBoardOption tensorBoard) {
  /** Trains, and tells the listeners how it goes. */
  @FunctionalInterface
  interface Run {
    /** Trains. */
    TrainingOutcome train(List<TrainingListener> listeners) throws IOException;
  }

  /** Trains; the exit code. */
  int call(Run run, JsonOption json, CommandSpec spec) throws IOException {
    if (!RankScope.isFirst()) {
      return follow(run);
    }
    try (StopSignals signals = StopSignals.install(Thread.currentThread(), true);
        TensorBoardOption.Events events = tensorBoard.events();
        TrainingLine line = new TrainingLine()) {
      TrainingOutcome outcome = run.train(List.of(signals, line, events));
      // A signal interrupts this thread; files are written once more.
      boolean isInterrupted = Thread.interrupted();
      line.end();
      if (!outcome.training().isComplete()) {
        System.err.println(
            "megabert: stopped after step "
                + outcome.training().steps()
                + "; the same command with --resume goes on from there");
        return StopSignals.EXIT_CODE;
      }
      RunSummary summary = new RunSummary(task, output, outcome);
      summary.writeReport(spec.commandLine().getParseResult().originalArgs(), begunWith, backend);
      summary.print(json);
      return isInterrupted ? StopSignals.EXIT_CODE : 0;
    }
  }

  /**
   * Trains as another rank than the first. Signals reach every process, but one thread of each is
   * enough to end the run of all.
   */
  private static int follow(Run run) throws IOException {
    if (!RankScope.isProcess()) {
      return exitCode(run.train(List.of()));
    }
    try (StopSignals signals = StopSignals.install(Thread.currentThread(), false)) {
      int code = exitCode(run.train(List.of(signals)));
      return Thread.interrupted() ? StopSignals.EXIT_CODE : code;
    }
  }

  private static int exitCode(TrainingOutcome outcome) {
    return outcome.training().isComplete() ? 0 : StopSignals.EXIT_CODE;
  }
}
