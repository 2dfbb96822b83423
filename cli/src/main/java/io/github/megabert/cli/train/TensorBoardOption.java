// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.train.TrainingListener;
import io.github.megabert.train.log.MetricsLine;
import io.github.megabert.train.log.TensorBoardWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --tensorboard}: event files that TensorBoard reads, written while a run trains. */
public final class TensorBoardOption {
  @Option(
      names = "--tensorboard",
      paramLabel = "DIR",
      description = "A folder for event files, for tensorboard --logdir DIR.")
  private @Nullable Path folder;

  /** Writes what a run tells, if a folder is named. */
  Events events() {
    return new Events(folder);
  }

  /** An event file, which begins when the run does. */
  static final class Events implements TrainingListener, AutoCloseable {
    private final @Nullable Path folder;
    private @Nullable TensorBoardWriter writer;

    private Events(@Nullable Path folder) {
      this.folder = folder;
    }

    @Override
    public void begun(int done, int steps) {
      if (folder == null) {
        return;
      }
      try {
        writer =
            done == 0
                ? TensorBoardWriter.create(folder)
                : TensorBoardWriter.resume(folder, done + 1L);
      } catch (IOException failure) {
        throw new UncheckedIOException(failure);
      }
    }

    @Override
    public void stepped(MetricsLine.Step step) {
      Map<String, Double> values = new LinkedHashMap<>();
      values.put("train/loss", step.loss());
      values.put("train/learning_rate", step.learningRate());
      values.put("train/grad_norm", step.gradNorm());
      values.put("train/tokens_per_second", step.tokensPerSecond());
      write(step.step(), values);
    }

    @Override
    public void evaluated(MetricsLine.Evaluation evaluation, boolean isBest) {
      Map<String, Double> values = new LinkedHashMap<>();
      evaluation
          .metrics()
          .forEach((name, value) -> values.put(evaluation.split().fileName() + "/" + name, value));
      write(evaluation.step(), values);
    }

    private void write(long step, Map<String, Double> values) {
      if (writer != null) {
        try {
          writer.scalars(step, values);
        } catch (IOException failure) {
          throw new UncheckedIOException(failure);
        }
      }
    }

    @Override
    public void close() throws IOException {
      if (writer != null) {
        writer.close();
      }
    }
  }
}
