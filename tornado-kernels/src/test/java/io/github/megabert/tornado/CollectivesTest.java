// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.ClassShare;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.GatheredUse;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Pending;
import io.github.megabert.parallel.RankBody;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/**
 * What ranks exchange that are threads and share a device: host memory serves. NVIDIA's GPUs want a
 * process each, which {@link TrainingCheck} is under {@code mpirun}.
 */
class CollectivesTest {
  private static final int RANKS = 2;

  @BeforeAll
  static void device() {
    assumeTrue(TestedPrecision.options().precision() == Precision.F32, "ranks sum in f32");
    var availability = new TornadoBackendProvider().availability();
    assumeTrue(availability.available(), availability.reason());
    assumeTrue(
        Devices.all().getFirst().getTornadoVMBackend() != TornadoVMBackendType.CUDA,
        "ranks with NVIDIA's GPUs are processes");
  }

  private static void onRanks(RankWork work) throws InterruptedException {
    RankBody body =
        world -> {
          try (Backend backend = new TornadoBackendProvider().open(BackendOptions.DEFAULT)) {
            work.run(world, backend);
          }
        };
    ThreadRanks.run(RANKS, body);
  }

  /** What a rank does with its device. */
  private interface RankWork {
    void run(Communicator world, Backend backend);
  }

  @Test
  void aMatrixBecomesTheSumAndAResidualIsAdded() throws InterruptedException {
    onRanks(
        (world, backend) -> {
          try (Computation computation = backend.begin()) {
            Matrix x = computation.upload(numbers(7, 6, world.rank() + 1));
            Matrix residual = computation.upload(numbers(7, 6, 10));
            Matrix out = computation.matrix(7, 6);
            computation.allReduce(world, x, residual, out);
            assertArrayEquals(floats(7 * 6, 1 + 2 + 10), read(computation, out));
            assertArrayEquals(floats(7 * 6, 1 + 2), read(computation, x));
            computation.allReduce(world, residual, x, residual);
            assertArrayEquals(floats(7 * 6, 10 + 10 + 3), read(computation, residual));
            computation.allReduce(world, x, x, x);
            assertArrayEquals(floats(7 * 6, 2 * (3 + 3)), read(computation, x));
          }
        });
  }

  @Test
  void whatIsStartedIsSummedWhenItIsWaitedFor() throws InterruptedException {
    int[] rows = {1, 5, 40};
    onRanks(
        (world, backend) -> {
          List<ResidentMatrix> residents =
              IntStream.of(rows).mapToObj(count -> backend.resident(count, 6)).toList();
          try (Computation computation = backend.begin()) {
            List<Pending> pending = new ArrayList<>();
            for (int i = 0; i < rows.length; i++) {
              write(
                  computation, numbers(rows[i], 6, (i + 1) * (world.rank() + 1)), residents.get(i));
              pending.add(computation.startAllReduce(world, residents.get(i)));
            }
            assertFalse(pending.getLast().isDone());
            pending.getFirst().await();
            assertTrue(pending.getLast().isDone());
            pending.getLast().await();
            for (int i = 0; i < rows.length; i++) {
              assertArrayEquals(
                  floats(rows[i] * 6, 3 * (i + 1)), read(computation, residents.get(i)));
            }
          }
          // What another computation has written, this one has not.
          try (Computation computation = backend.begin()) {
            computation.startAllReduce(world, residents.get(2)).await();
            assertArrayEquals(floats(rows[2] * 6, 18), read(computation, residents.get(2)));
          }
          residents.forEach(ResidentMatrix::close);
        });
  }

  /** As the trainer does: the backward pass's computation is closed before it waits. */
  @Test
  void aComputationThatEndsCarriesOutWhatItHasStarted() throws InterruptedException {
    onRanks(
        (world, backend) -> {
          ResidentMatrix sum = backend.resident(3, 6);
          Pending pending;
          try (Computation computation = backend.begin()) {
            write(computation, numbers(3, 6, world.rank() + 1), sum);
            pending = computation.startAllReduce(world, sum);
            computation.finish();
          }
          assertTrue(pending.isDone());
          pending.await();
          try (Computation computation = backend.begin()) {
            assertArrayEquals(floats(3 * 6, 3), read(computation, sum));
          }
          sum.close();
        });
  }

  /** Of 1, 5 and 40 rows the first rank has 1, 3 and 20. */
  @Test
  void rowsThatAreStartedAreScatteredAndGatheredTogether() throws InterruptedException {
    int[] rows = {1, 5, 40};
    onRanks(
        (world, backend) -> {
          List<ResidentMatrix> residents =
              IntStream.of(rows).mapToObj(count -> backend.resident(count, 6)).toList();
          try (Computation computation = backend.begin()) {
            List<Pending> pending = new ArrayList<>();
            for (int i = 0; i < rows.length; i++) {
              write(computation, numbers(rows[i], 6, world.rank() + 1), residents.get(i));
              pending.add(computation.startReduceScatter(world, residents.get(i)));
            }
            pending.forEach(Pending::await);
            for (int i = 0; i < rows.length; i++) {
              int half = (rows[i] + 1) / 2;
              int first = world.rank() * half;
              int count = world.rank() == 0 ? half : rows[i] - half;
              float[] own = new float[count * 6];
              computation.read(
                  computation.rows(residents.get(i), first, count), MemorySegment.ofArray(own));
              assertArrayEquals(
                  Arrays.copyOfRange(floats(rows[i] * 6, 3), first * 6, (first + count) * 6), own);
            }
            pending.clear();
            residents.forEach(x -> pending.add(computation.startAllGather(world, x)));
            assertFalse(pending.getFirst().isDone());
            pending.getLast().await();
            assertTrue(pending.getFirst().isDone());
            for (int i = 0; i < rows.length; i++) {
              assertArrayEquals(floats(rows[i] * 6, 3), read(computation, residents.get(i)));
            }
          }
          residents.forEach(ResidentMatrix::close);
        });
  }

  @Test
  void manyStepsGiveTheSameEveryTime() throws InterruptedException {
    onRanks(
        (world, backend) -> {
          ResidentMatrix sum = backend.resident(64, 32);
          for (int step = 0; step < 5; step++) {
            try (Computation computation = backend.begin()) {
              write(computation, numbers(64, 32, step + world.rank()), sum);
              computation.startAllReduce(world, sum).await();
              assertArrayEquals(floats(64 * 32, 2 * step + 1), read(computation, sum));
            }
          }
          assertEquals(64, sum.rows());
          sum.close();
        });
  }

  /** Seven rows: the first rank has four, the second three. */
  @Test
  void sumsAreScatteredByRowsAndGathered() throws InterruptedException {
    onRanks(
        (world, backend) -> {
          int first = world.rank() * 4;
          int count = 4 - world.rank();
          float[] own = Arrays.copyOfRange(floats(7 * 6, 3), first * 6, (first + count) * 6);
          try (Computation computation = backend.begin()) {
            Matrix part = computation.matrix(count, 6);
            computation.reduceScatter(
                world, computation.upload(numbers(7, 6, world.rank() + 1)), null, part);
            assertArrayEquals(own, read(computation, part));
            Matrix all = computation.matrix(7, 6);
            computation.allGather(world, part, GatheredUse.PARTS, all);
            assertArrayEquals(floats(7 * 6, 3), read(computation, all));
            computation.reduceScatter(
                world, computation.upload(numbers(7, 6, world.rank() + 1)), part, part);
            assertArrayEquals(
                Arrays.copyOfRange(floats(7 * 6, 6), first * 6, (first + count) * 6),
                read(computation, part));
          }
        });
  }

  /** As the optimizer does whose state is divided. */
  @Test
  void rowsOfAParameterAreGatheredInPlace() throws InterruptedException {
    onRanks(
        (world, backend) -> {
          ResidentMatrix parameter = backend.resident(7, 6);
          int first = world.rank() * 4;
          int count = 4 - world.rank();
          try (Computation computation = backend.begin()) {
            write(computation, numbers(7, 6, world.rank() + 1), parameter);
            computation.startAllReduce(world, parameter).await();
            float[] own = new float[count * 6];
            computation.read(computation.rows(parameter, first, count), MemorySegment.ofArray(own));
            assertArrayEquals(
                Arrays.copyOfRange(floats(7 * 6, 3), first * 6, (first + count) * 6), own);
            computation.allGather(
                world, computation.rows(parameter, first, count), GatheredUse.COPIES, parameter);
            assertArrayEquals(floats(7 * 6, 3), read(computation, parameter));
            assertThrows(
                IllegalArgumentException.class,
                () ->
                    computation.allGather(
                        world, computation.rows(parameter, 1, 2), GatheredUse.COPIES, parameter));
          }
          parameter.close();
        });
  }

  /** Of nine columns the first rank has five, the second four. */
  @Test
  void columnsOfRanksAreSideBySide() throws InterruptedException {
    float[] numbers = floats(5 * 9, 1);
    onRanks(
        (world, backend) -> {
          int first = world.rank() * 5;
          int count = 5 - world.rank();
          try (Computation computation = backend.begin()) {
            Matrix own = computation.upload(tensor(columns(numbers, first, count), 5, count));
            Matrix all = computation.matrix(5, 9);
            computation.gatherColumns(world, own, all);
            assertArrayEquals(numbers, read(computation, all));
            assertThrows(
                IllegalArgumentException.class, () -> computation.gatherColumns(world, all, own));
          }
        });
  }

  /** Of nine classes the first rank has five, the second four; a row has no label. */
  @Test
  void lossesOverDividedClassesAreThoseOfAll() throws InterruptedException {
    int[] labels = {0, 8, -1, 4, 5};
    float[] logits = new float[5 * 9];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (3 * Math.sin(i * 1.7));
    }
    float[] losses = new float[5];
    float[] slopes = new float[5 * 9];
    try (Backend scalar = Backends.open(Backends.SCALAR, BackendOptions.DEFAULT);
        Computation computation = scalar.begin()) {
      Matrix all = computation.upload(tensor(logits, 5, 9));
      Matrix out = computation.matrix(5, 1);
      computation.crossEntropy(all, labels, 0.1f, out);
      computation.read(out, MemorySegment.ofArray(losses));
      computation
          .gradients()
          .crossEntropy(all, labels, 0.1f, computation.upload(numbers(5, 1, 1)), all);
      computation.read(all, MemorySegment.ofArray(slopes));
    }
    onRanks(
        (world, backend) -> {
          int first = world.rank() * 5;
          int count = 5 - world.rank();
          ClassShare share = new ClassShare(world, first, 9);
          try (Computation computation = backend.begin()) {
            Matrix own = computation.upload(tensor(columns(logits, first, count), 5, count));
            Matrix out = computation.matrix(5, 1);
            Matrix totals = computation.crossEntropy(share, own, labels, 0.1f, out);
            assertArrayEquals(losses, read(computation, out), 1e-5f);
            computation
                .gradients()
                .crossEntropy(
                    share, own, labels, 0.1f, totals, computation.upload(numbers(5, 1, 1)), own);
            assertArrayEquals(columns(slopes, first, count), read(computation, own), 1e-5f);
          }
        });
  }

  /** Some columns of {@code [5, 9]}. */
  private static float[] columns(float[] values, int first, int count) {
    float[] some = new float[5 * count];
    for (int row = 0; row < 5; row++) {
      System.arraycopy(values, row * 9 + first, some, row * count, count);
    }
    return some;
  }

  private static Tensor tensor(float[] values, int rows, int columns) {
    return Tensor.wrap(MemorySegment.ofArray(values), DType.F32, Shape.of(rows, columns));
  }

  private static void write(Computation computation, Tensor values, ResidentMatrix to) {
    int[] rows = IntStream.range(0, to.rows()).toArray();
    computation.scatterRows(computation.upload(values), 0, rows, to);
  }

  /** Element i is {@code (i + 1) · factor}. */
  private static Tensor numbers(int rows, int columns, int factor) {
    return tensor(floats(rows * columns, factor), rows, columns);
  }

  private static float[] floats(int count, int factor) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (i + 1) * factor;
    }
    return values;
  }

  private static float[] read(Computation computation, Matrix matrix) {
    float[] values = new float[matrix.rows() * matrix.columns()];
    computation.read(matrix, MemorySegment.ofArray(values));
    return values;
  }
}
