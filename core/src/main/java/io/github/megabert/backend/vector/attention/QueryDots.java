// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import io.github.megabert.backend.machine.RowKernels;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * A query's products with keys as they lie in their matrix. Packing them first pays only where
 * several queries share them, which in decoding they do not.
 */
public final class QueryDots extends Kernel {
  /** The kernel. */
  public static final QueryDots KERNEL = new QueryDots();

  private static final VectorShuffle<Float> BY_8 = rotation(8);
  private static final VectorShuffle<Float> BY_4 = rotation(4);
  private static final VectorShuffle<Float> BY_2 = rotation(2);
  private static final VectorShuffle<Float> BY_1 = rotation(1);

  private QueryDots() {}

  private static VectorShuffle<Float> rotation(int lanes) {
    return VectorShuffle.fromOp(SPECIES, i -> (i + lanes) % COUNT);
  }

  /**
   * {@code target[j] = Σ query[d] · keys[j, d]} for {@code count} keys.
   *
   * @param keyStride bytes from a key to the next
   */
  public static void multiply(
      Forms forms,
      MemorySegment query,
      long queryOffset,
      int headDim,
      MemorySegment keys,
      long keyOffset,
      long keyStride,
      int count,
      MemorySegment target,
      long targetOffset) {
    RowKernels machine = MachineRows.get(forms);
    if (machine != null && machine.isVectors(headDim)) {
      machine.dots(
          count, headDim, query, queryOffset, keys, keyOffset, keyStride, target, targetOffset);
    } else if (KERNEL.isVector(forms)) {
      vector(query, queryOffset, headDim, keys, keyOffset, keyStride, count, target, targetOffset);
    } else {
      plain(query, queryOffset, headDim, keys, keyOffset, keyStride, count, target, targetOffset);
    }
  }

  private static void plain(
      MemorySegment query,
      long queryOffset,
      int headDim,
      MemorySegment keys,
      long keyOffset,
      long keyStride,
      int count,
      MemorySegment target,
      long targetOffset) {
    float[] row = FloatArrays.read(query, queryOffset, headDim);
    float[] results = new float[count];
    int whole = headDim - headDim % COUNT;
    for (int j = 0; j < count; j++) {
      float[] key = FloatArrays.read(keys, keyOffset + j * keyStride, headDim);
      float[] sums = new float[COUNT];
      for (int d = 0; d < whole; d++) {
        sums[d % COUNT] = Math.fma(row[d], key[d], sums[d % COUNT]);
      }
      for (int half = COUNT / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) {
          sums[i] += sums[i + half];
        }
      }
      float sum = sums[0];
      for (int d = whole; d < headDim; d++) {
        sum = Math.fma(row[d], key[d], sum);
      }
      results[j] = sum;
    }
    FloatArrays.write(results, target, targetOffset);
  }

  /**
   * The lanes are added up in registers, the one half to the other until one is left: by way of the
   * memory, as {@link Lanes#sum(MemorySegment, long)} does it, decoding was no faster than with
   * packed keys.
   */
  private static void vector(
      MemorySegment query,
      long queryOffset,
      int headDim,
      MemorySegment keys,
      long keyOffset,
      long keyStride,
      int count,
      MemorySegment target,
      long targetOffset) {
    for (int j = 0; j < count; j++) {
      long key = keyOffset + j * keyStride;
      FloatVector sums = FloatVector.zero(SPECIES);
      int d = 0;
      for (; d <= headDim - COUNT; d += COUNT) {
        long step = (long) d * Float.BYTES;
        sums =
            FloatVector.fromMemorySegment(SPECIES, query, queryOffset + step, ORDER)
                .fma(FloatVector.fromMemorySegment(SPECIES, keys, key + step, ORDER), sums);
      }
      // Zero is a vector whose class C2 knows, as a receiver has to be.
      FloatVector folded = FloatVector.zero(SPECIES).add(sums);
      if (COUNT >= 16) {
        folded = folded.rearrange(BY_8).add(folded);
      }
      if (COUNT >= 8) {
        folded = folded.rearrange(BY_4).add(folded);
      }
      folded = folded.rearrange(BY_2).add(folded);
      folded = folded.rearrange(BY_1).add(folded);
      float sum = folded.lane(0);
      for (; d < headDim; d++) {
        long step = (long) d * Float.BYTES;
        sum = Math.fma(query.get(FLOAT, queryOffset + step), keys.get(FLOAT, key + step), sum);
      }
      target.set(FLOAT, targetOffset + (long) j * Float.BYTES, sum);
    }
  }

  @Override
  protected void exercise(Operands on) {
    MemorySegment keys = on.weights();
    long stride = Operands.STRIDE;
    vector(on.input(), 0, on.count(), keys, 0, stride, on.either(4, 5), on.output(), 0);
  }
}
