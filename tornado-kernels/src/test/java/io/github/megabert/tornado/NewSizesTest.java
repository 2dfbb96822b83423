// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Tape;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.Loss;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.model.Regularization;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tornado.recording.Programs;
import io.github.megabert.train.optim.AdamW;
import io.github.megabert.train.optim.AdamWOptions;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

/** A step of a new size makes a program, whose kernels are those of the sizes before. */
class NewSizesTest {
  private static final int WORDS = 100;

  /** Lengths of the sequences of a step, each of another number of rows and of sequences. */
  private static final int[][] BATCHES = {{24, 17}, {40}, {9, 33, 60}, {64, 64, 20, 7, 31}, {150}};

  @Test
  void newSizesMakeNoKernels() {
    double[][] expected = new double[BATCHES.length][];
    try (Backend scalar = Backends.open("scalar", BackendOptions.DEFAULT)) {
      train(scalar, (step, values) -> expected[step] = values);
    }
    try (TornadoBackend device =
        (TornadoBackend) new TornadoBackendProvider().open(BackendOptions.DEFAULT)) {
      List<Programs.Made> made = new ArrayList<>();
      train(
          device,
          (step, values) -> {
            assertArrayEquals(expected[step], values, 1e-3, "loss and norm of step " + step);
            made.add(device.programs().made());
          });
      for (Programs.Made later : made) {
        assertEquals(made.getFirst().kernels(), later.kernels(), made.toString());
      }
      assertTrue(made.getLast().programs() > made.getFirst().programs() + 2, made.toString());
    }
  }

  /** More tasks than a task graph holds, of one kernel and two sizes. */
  @Test
  void graphsOfAProgramDoNotMixUpSizes() {
    int times = 300;
    float[] ones = new float[5000];
    Arrays.fill(ones, 1);
    try (TornadoBackend device =
            (TornadoBackend) new TornadoBackendProvider().open(BackendOptions.DEFAULT);
        Computation computation = device.begin()) {
      List<Matrix> sums = new ArrayList<>();
      for (int size : new int[] {5000, 50}) {
        Matrix x = upload(computation, Arrays.copyOf(ones, size));
        Matrix sum = upload(computation, new float[size]);
        for (int i = 0; i < times; i++) {
          computation.gradients().add(x, sum);
        }
        sums.add(sum);
      }
      for (Matrix sum : sums) {
        float[] expected = new float[sum.columns()];
        Arrays.fill(expected, times);
        float[] actual = new float[sum.columns()];
        computation.read(sum, MemorySegment.ofArray(actual));
        assertArrayEquals(expected, actual);
      }
    }
  }

  private static Matrix upload(Computation computation, float[] row) {
    return computation.upload(
        Tensor.wrap(MemorySegment.ofArray(row), DType.F32, Shape.of(1, row.length)));
  }

  private static void train(Backend backend, BiConsumer<Integer, double[]> each) {
    MegatronBertConfig config = MegatronBertConfig.ofSizes(2, 64, 2, 128, WORDS, 256);
    try (RandomCheckpoint weights = RandomCheckpoint.of(config, ModelClass.MASKED_LM, 1);
        TrainableModel model =
            TrainableModel.load(weights, backend, LoadOptions.DEFAULT, spec -> false);
        AdamW optimizer =
            new AdamW(model.parameters(), AdamWOptions.DEFAULT.withLearningRate(1e-5))) {
      for (int step = 0; step < BATCHES.length; step++) {
        each.accept(step, step(model, optimizer, step));
      }
    }
  }

  /** The loss and the norm of the gradient. */
  private static double[] step(TrainableModel model, AdamW optimizer, int step) {
    Random random = new Random(step);
    int[][] sequences =
        Arrays.stream(BATCHES[step])
            .mapToObj(length -> random.ints(length, 0, WORDS).toArray())
            .toArray(int[][]::new);
    Batch batch = Batch.ofTokens(sequences);
    int[] classes = new int[batch.tokens()];
    // Every third token and fewer: the numbers of masked words have other buckets.
    for (int i = 0; i < classes.length; i++) {
      classes[i] = i % (3 + step) == 0 ? i % WORDS : Labels.IGNORED;
    }
    Regularization with = new Regularization(0.1, 0.1, 0, 0, 3, step, 0, 0, 0);
    double loss;
    try (Tape tape = new Tape(model.parameters().backend().begin(), model.parameters(), false)) {
      model.parameters().clearGradients(tape);
      Loss recorded = model.model().loss(tape, batch, new Labels.OfTokens(classes), with);
      recorded.backward(tape, 1);
      loss = recorded.read(tape);
    }
    try (Computation computation = model.parameters().backend().begin()) {
      double norm = optimizer.step(computation, 1);
      computation.finish();
      return new double[] {loss, norm};
    }
  }
}
