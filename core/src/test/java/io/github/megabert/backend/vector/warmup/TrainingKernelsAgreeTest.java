// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.warmup;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.DropoutMask;
import io.github.megabert.backend.vector.rows.RoundRow;
import io.github.megabert.backend.vector.rows.SumOfDifferences;
import io.github.megabert.backend.vector.training.ActivateRow;
import io.github.megabert.backend.vector.training.ActivationAdjoint;
import io.github.megabert.backend.vector.training.AdamWKernel;
import io.github.megabert.backend.vector.training.DropRow;
import io.github.megabert.backend.vector.training.DropoutFactors;
import io.github.megabert.backend.vector.training.LayerNormAdjointRow;
import io.github.megabert.backend.vector.training.PackHalves;
import io.github.megabert.backend.vector.training.ScaleAndShift;
import io.github.megabert.backend.vector.training.SquaredSum;
import io.github.megabert.backend.vector.training.UnpackHalves;
import io.github.megabert.tensor.BFloat16;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Plain and vector kernels of training give the same bits. */
class TrainingKernelsAgreeTest {
  private static final int[] COUNTS = {1, 3, 15, 16, 17, 31, 33, 64, 97, 256, 1000, 1031};

  private final Arena arena = Arena.ofShared();
  private final SplittableRandom random = new SplittableRandom(12);
  private final MemorySegment lanes = arena.allocate(128, 64);

  @AfterEach
  void free() {
    arena.close();
  }

  private MemorySegment floats(int count, double scale) {
    MemorySegment floats = arena.allocate(count * 4L, 64);
    for (int i = 0; i < count; i++) {
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) ((random.nextDouble() - 0.5) * scale));
    }
    return floats;
  }

  /** Runs both forms of {@code kernel} on copies of {@code target} and compares all bytes. */
  private void compare(MemorySegment target, BiConsumer<Forms, MemorySegment> kernel) {
    byte[][] results = new byte[2][];
    Forms[] forms = {Forms.PLAIN, Forms.VECTOR};
    for (int i = 0; i < 2; i++) {
      MemorySegment copy = arena.allocate(target.byteSize(), 64).copyFrom(target);
      kernel.accept(forms[i], copy);
      results[i] = copy.toArray(ValueLayout.JAVA_BYTE);
    }
    assertArrayEquals(results[0], results[1]);
  }

  @ParameterizedTest
  @EnumSource
  void activations(Activation activation) {
    for (int count : COUNTS) {
      for (double scale : new double[] {1, 20, 1000}) {
        MemorySegment x = floats(count, scale);
        MemorySegment dOut = floats(count, 1);
        compare(floats(count, 1), (k, c) -> ActivateRow.apply(k, activation, x, c, 0, count));
        compare(
            floats(count, 1),
            (k, c) -> ActivationAdjoint.multiply(k, activation, x, dOut, c, 0, count));
      }
    }
  }

  @Test
  void adamW() {
    AdamWKernel.Constants step =
        new AdamWKernel.Constants(0.7f, 0.9f, 0.1f, 0.999f, 0.001f, 0.99f, -1e-2f, 1.3f, 1e-8f);
    for (int count : COUNTS) {
      long bytes = count * 4L;
      MemorySegment gradient = floats(count, 1);
      compare(
          floats(3 * count, 1),
          (k, c) -> {
            MemorySegment second = c.asSlice(2 * bytes);
            for (int i = 0; i < count; i++) {
              float value = Math.abs(second.getAtIndex(ValueLayout.JAVA_FLOAT, i));
              second.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
            }
            AdamWKernel.update(k, step, c, gradient, c.asSlice(bytes, bytes), second, 0, count);
          });
    }
  }

  @Test
  void sums() {
    for (int count : COUNTS) {
      MemorySegment x = floats(count, 3);
      assertEquals(
          SquaredSum.of(Forms.PLAIN, x, 0, count, lanes, 0),
          SquaredSum.of(Forms.VECTOR, x, 0, count, lanes, 0));
      assertEquals(
          SumOfDifferences.of(Forms.PLAIN, x, 0, count, 1.5f, lanes, 0),
          SumOfDifferences.of(Forms.VECTOR, x, 0, count, 1.5f, lanes, 0));
      compare(x, (k, c) -> ScaleAndShift.apply(k, c, 0, count, 0.3f, 0.7f));
    }
  }

  /** Every upper half with a lower half that rounds down, ties, or rounds up, NaN included. */
  @Test
  void bfloat16Numbers() {
    int[] lower = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
    int count = lower.length << 16;
    MemorySegment x = arena.allocate(count * 4L, 64);
    for (int i = 0; i < count; i++) {
      x.setAtIndex(ValueLayout.JAVA_INT, i, ((i / lower.length) << 16) | lower[i % lower.length]);
    }
    compare(x, (k, c) -> RoundRow.round(k, c, 0, count));
    MemorySegment rounded = arena.allocate(x.byteSize(), 64).copyFrom(x);
    RoundRow.round(Forms.VECTOR, rounded, 0, count);
    for (int i = 0; i < count; i++) {
      int bits = x.getAtIndex(ValueLayout.JAVA_INT, i);
      short expected = BFloat16.fromFloat(Float.intBitsToFloat(bits));
      assertEquals(expected << 16, rounded.getAtIndex(ValueLayout.JAVA_INT, i));
    }
    for (int size : COUNTS) {
      long second = 4L * (count - size);
      compare(floats(size, 1), (k, c) -> PackHalves.pack(k, rounded, 4, second, size, c, 0));
      compare(floats(2 * size, 1), (k, c) -> UnpackHalves.unpack(k, x, 12, size, c, 0, 4L * size));
    }
  }

  @Test
  void dropouts() {
    for (int count : COUNTS) {
      for (double probability : new double[] {0, 0.1, 0.9}) {
        DropoutMask mask = new DropoutMask(random.nextLong(), -7, 12345, probability);
        MemorySegment factors = floats(4 * count + 64, 1);
        MemorySegment x = floats(count, 1);
        MemorySegment residual = floats(count, 1);
        long block = random.nextLong() >>> 3;
        compare(
            floats(4 * count, 1),
            (k, c) -> {
              DropoutFactors.write(k, mask, block, count, factors, 0);
              c.copyFrom(factors.asSlice(0, c.byteSize()));
            });
        compare(
            floats(count, 1),
            (k, c) -> DropRow.apply(k, x, MemorySegment.NULL, c, 0, factors, 4, count));
        compare(floats(count, 1), (k, c) -> DropRow.apply(k, x, residual, c, 0, factors, 8, count));
      }
    }
  }

  @Test
  void layerNormAdjoints() {
    for (int count : COUNTS) {
      MemorySegment x = floats(count, 30);
      MemorySegment dOut = floats(count, 1);
      MemorySegment weight = floats(count, 1);
      long bytes = count * 4L;
      for (boolean add : new boolean[] {false, true}) {
        compare(
            floats(3 * count, 1),
            (k, c) ->
                LayerNormAdjointRow.run(
                    k, x, dOut, 0, weight, count, 1e-12f, add, c, c, bytes, lanes, 0));
      }
      compare(
          floats(2 * count, 1),
          (k, c) ->
              LayerNormAdjointRow.run(
                  k, x, dOut, 0, weight, count, 1e-12f, false, MemorySegment.NULL, c, 0, lanes, 0));
    }
  }
}
