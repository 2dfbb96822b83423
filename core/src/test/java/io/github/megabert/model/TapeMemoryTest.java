// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.Tape;
import io.github.megabert.parameters.ModelClass;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How much memory a tape asks a computation for. */
class TapeMemoryTest {
  private static final int HIDDEN = 32;
  private static final int INTERMEDIATE = 128;
  private static final int SEQUENCES = 3;
  private static final int LENGTH = 11;

  /** Bytes of all matrices that were made. */
  private static final class Counted {
    private long bytes;

    Computation of(Computation computation) {
      return (Computation)
          Proxy.newProxyInstance(
              Computation.class.getClassLoader(),
              new Class<?>[] {Computation.class},
              (proxy, method, arguments) -> {
                try {
                  Object result = method.invoke(computation, arguments);
                  if (method.getName().equals("matrix") && result instanceof Matrix made) {
                    bytes += (long) made.rows() * made.columns() * Float.BYTES;
                  }
                  return result;
                } catch (InvocationTargetException failure) {
                  throw failure.getCause();
                }
              });
    }
  }

  private static long bytes(String name, Precision precision, int layers, boolean recompute) {
    BackendOptions options = BackendOptions.DEFAULT.withPrecision(precision).withThreads(1);
    RandomCheckpoint checkpoint =
        RandomCheckpoint.of(
            MegatronBertConfig.ofSizes(layers, HIDDEN, 4, INTERMEDIATE, 50, 16),
            ModelClass.TOKEN_CLASSIFICATION,
            5);
    Counted counted = new Counted();
    try (Backend backend = Backends.open(name, options);
        TrainableModel model =
            TrainableModel.load(checkpoint, backend, LoadOptions.DEFAULT, spec -> false);
        Tape tape = new Tape(counted.of(backend.begin()), model.parameters(), recompute)) {
      int[][] ids = new int[SEQUENCES][];
      Arrays.setAll(ids, b -> IntStream.range(b, b + LENGTH).toArray());
      int[] labels = new int[SEQUENCES * LENGTH];
      model
          .model()
          .loss(tape, Batch.ofTokens(ids), new Labels.OfTokens(labels), Regularization.NONE)
          .backward(tape, 1);
      tape.finish();
    }
    return counted.bytes;
  }

  /** Bytes that a layer more takes. */
  private static long bytesOfLayer(String backend, Precision precision, boolean recompute) {
    long few = bytes(backend, precision, 3, recompute);
    long many = bytes(backend, precision, 7, recompute);
    assertEquals(0, (many - few) % 4);
    return (many - few) / 4;
  }

  /**
   * Of a layer both LayerNorms keep input and output, which products read, attention queries, keys,
   * values and its result, and the activation both sides.
   */
  @ParameterizedTest
  @ValueSource(strings = {"scalar", "vector"})
  void bfloat16HalvesWhatALayerKeeps(String backend) {
    long numbers = (4L + 3 + 1) * HIDDEN + 2L * INTERMEDIATE;
    long rows = (long) SEQUENCES * LENGTH;
    assertEquals(
        rows * numbers * Float.BYTES, bytesOfLayer(backend, Precision.F32, false), "in float32");
    assertEquals(
        (rows + 1) / 2 * numbers * Float.BYTES,
        bytesOfLayer(backend, Precision.BF16, false),
        "in bfloat16");
  }

  @ParameterizedTest
  @ValueSource(strings = {"scalar", "vector"})
  void recomputationKeepsTheInputAlone(String backend) {
    long rows = (long) SEQUENCES * LENGTH;
    assertEquals(rows * HIDDEN * Float.BYTES, bytesOfLayer(backend, Precision.F32, true));
    assertEquals(
        (rows + 1) / 2 * HIDDEN * Float.BYTES, bytesOfLayer(backend, Precision.BF16, true));
    assertTrue(
        bytes(backend, Precision.F32, 12, true) < bytes(backend, Precision.F32, 12, false) / 3);
  }
}
