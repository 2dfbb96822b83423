// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.cli.terminal.Progress;
import io.github.megabert.cli.terminal.Terminals;
import io.github.megabert.train.TrainingListener;
import io.github.megabert.train.log.MetricsLine;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * What a run says on standard error: on a terminal a line with the step, the time left, loss, rate
 * and tokens a second, and everywhere a line for each evaluation.
 */
public final class TrainingLine implements TrainingListener, AutoCloseable {
  private final boolean isShown = Terminals.err();
  private int steps;
  private long done;
  private @Nullable ProgressBar bar;

  @Override
  public synchronized void begun(int before, int all) {
    Progress.end();
    done = before;
    steps = all;
    if (before > 0) {
      System.err.println("megabert: going on after step " + before + " of " + all);
    }
  }

  @Override
  public synchronized void stepped(MetricsLine.Step step) {
    if (!isShown) {
      done = step.step();
      return;
    }
    if (bar == null) {
      bar =
          new ProgressBarBuilder()
              .setTaskName("training")
              .setInitialMax(steps)
              .setUnit(" steps", 1)
              .setStyle(ProgressBarStyle.ASCII)
              .startsFrom(done, Duration.ZERO)
              .clearDisplayOnFinish()
              .build();
    }
    done = step.step();
    bar.setExtraMessage(
        String.format(
            Locale.ROOT,
            " loss %.4f, rate %.2e, %,.0f tokens/s",
            step.loss(),
            step.learningRate(),
            step.tokensPerSecond()));
    bar.stepTo(done);
  }

  @Override
  public synchronized void evaluated(MetricsLine.Evaluation evaluation, boolean isBest) {
    end();
    System.err.println(
        "megabert: step "
            + evaluation.step()
            + " of "
            + steps
            + ", "
            + evaluation.split().fileName()
            + ": "
            + figures(evaluation.metrics())
            + (isBest ? ", the best so far" : ""));
  }

  /** Metrics in one line. */
  static String figures(Map<String, Double> metrics) {
    StringBuilder line = new StringBuilder();
    metrics.forEach(
        (name, value) ->
            line.append(line.isEmpty() ? "" : ", ")
                .append(name)
                .append(' ')
                .append(String.format(Locale.ROOT, "%.4f", value)));
    return line.toString();
  }

  @Override
  public void close() {
    end();
  }

  /** Takes the line off the terminal. */
  synchronized void end() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
