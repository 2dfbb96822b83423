// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.log.MetricsLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A trainer that an application uses by itself. */
class TrainerTest {
  private static final TrainingOptions OPTIONS =
      TrainingOptions.DEFAULT
          .withMaxSteps(12)
          .withBatchSize(2)
          .withLearningRate(1e-3)
          .withDropout(0.1);

  @TempDir private Path folder;

  /** Six sequences of two classes: three steps an epoch. */
  private static final Dataset SEQUENCES =
      new Dataset() {
        @Override
        public int size() {
          return 6;
        }

        @Override
        public Part batch(int epoch, int[] examples) {
          int[][] ids =
              Arrays.stream(examples).mapToObj(i -> new int[] {1, i, i + 2}).toArray(int[][]::new);
          int[] classes = Arrays.stream(examples).map(i -> i % 2).toArray();
          return new Part(Batch.ofTokens(ids), new Labels.OfSequences(classes));
        }
      };

  /** What to do with a trainer. */
  private interface Use {
    TrainingResult of(Trainer trainer) throws IOException;
  }

  private static TrainingResult withTrainer(Precision precision, Use use) throws IOException {
    MegatronBertConfig config = MegatronBertConfig.ofSizes(1, 16, 2, 32, 12, 8);
    BackendOptions options = BackendOptions.DEFAULT.withThreads(1).withPrecision(precision);
    try (Backend backend = Backends.open("vector", options);
        TrainableModel model =
            TrainableModel.load(
                RandomCheckpoint.of(config, ModelClass.SEQUENCE_CLASSIFICATION, 3),
                backend,
                LoadOptions.DEFAULT,
                spec -> false)) {
      return use.of(new Trainer(model, SEQUENCES, OPTIONS));
    }
  }

  private static TrainingListener at(int step, Runnable action) {
    return new TrainingListener() {
      @Override
      public void stepped(MetricsLine.Step line) {
        if (line.step() == step) {
          action.run();
        }
      }
    };
  }

  @Test
  void anInterruptedRunLeavesACheckpointAndGoesOnToTheSameBits() throws IOException {
    Path whole = folder.resolve("whole");
    TrainingResult expected = withTrainer(Precision.F32, trainer -> trainer.run(whole));
    Path cut = folder.resolve("cut");
    Thread caller = Thread.currentThread();
    TrainingResult first =
        withTrainer(
            Precision.F32,
            trainer -> trainer.listener(at(4, () -> interruptAndWait(caller))).run(cut));
    assertTrue(Thread.interrupted(), "the caller is interrupted again");
    assertFalse(first.isComplete());
    assertTrue(first.steps() >= 4 && first.steps() < 12, first.toString());
    Path saved = cut.resolve("checkpoints/step-" + first.steps());
    assertTrue(Files.exists(saved.resolve("state.json")), saved.toString());
    TrainingResult rest = withTrainer(Precision.F32, trainer -> trainer.resume(cut));
    assertTrue(rest.isComplete());
    assertEquals(expected.trainLoss(), rest.trainLoss());
    assertArrayEquals(
        Files.readAllBytes(whole.resolve("model.safetensors")),
        Files.readAllBytes(cut.resolve("model.safetensors")));
  }

  /** The flag is clear once the caller has heard of it, and told the run. */
  private static void interruptAndWait(Thread caller) {
    caller.interrupt();
    while (caller.isInterrupted() || caller.getState() == Thread.State.RUNNABLE) {
      Thread.onSpinWait();
    }
  }

  @Test
  void theBestEvaluationOutlivesARunThatGoesOn() throws IOException {
    Path run = folder.resolve("run");
    Deque<Double> losses = new ArrayDeque<>(List.of(3.0, 1.0, 2.0, 1.5));
    Evaluator evaluator =
        model -> {
          double loss = losses.remove();
          return Map.of("loss", loss, "twice", 2 * loss);
        };
    assertThrows(
        ArithmeticException.class,
        () ->
            withTrainer(
                Precision.F32,
                trainer ->
                    trainer
                        .evaluator(evaluator, "loss", false)
                        .listener(at(8, () -> Math.addExact(Integer.MAX_VALUE, 1)))
                        .run(run)));
    TrainingResult rest =
        withTrainer(
            Precision.F32, trainer -> trainer.evaluator(evaluator, "loss", false).resume(run));
    assertEquals(6, rest.bestStep());
    assertEquals(Map.of("loss", 1.0, "twice", 2.0), rest.validation());
    assertTrue(losses.isEmpty());
  }

  @Test
  void aRunGoesOnInItsOwnPrecisionAlone() throws IOException {
    Path run = folder.resolve("run");
    withTrainer(Precision.BF16, trainer -> trainer.run(run));
    CheckpointException refusal =
        assertThrows(
            CheckpointException.class,
            () -> withTrainer(Precision.F32, trainer -> trainer.resume(run)));
    assertTrue(String.valueOf(refusal.getMessage()).contains(" in bf16, "), refusal.getMessage());
  }
}
