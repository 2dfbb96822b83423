// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.machine.RowKernels;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** A query's weighted sum of values as they lie in their matrix; see {@link QueryDots}. */
public final class WeightedSum extends Kernel {
  /** The kernel. */
  public static final WeightedSum KERNEL = new WeightedSum();

  private WeightedSum() {}

  /**
   * {@code target[n] = Σ weights[j] · values[j, n]} for {@code columns} n, in the order of j.
   *
   * @param count weights, and rows of values, {@code stride} bytes apart
   */
  public static void add(
      Forms forms,
      MemorySegment weights,
      long weightsOffset,
      int count,
      MemorySegment values,
      long offset,
      long stride,
      int columns,
      MemorySegment target,
      long targetOffset) {
    RowKernels machine = MachineRows.get(forms);
    if (machine != null && count > 0) {
      machine.weightedSum(
          count, columns, weights, weightsOffset, values, offset, stride, target, targetOffset);
    } else if (KERNEL.isVector(forms)) {
      vector(weights, weightsOffset, count, values, offset, stride, columns, target, targetOffset);
    } else {
      plain(weights, weightsOffset, count, values, offset, stride, columns, target, targetOffset);
    }
  }

  private static void plain(
      MemorySegment weights,
      long weightsOffset,
      int count,
      MemorySegment values,
      long offset,
      long stride,
      int columns,
      MemorySegment target,
      long targetOffset) {
    float[] factors = FloatArrays.read(weights, weightsOffset, count);
    float[] sums = new float[columns];
    for (int j = 0; j < count; j++) {
      float[] row = FloatArrays.read(values, offset + j * stride, columns);
      for (int n = 0; n < columns; n++) {
        sums[n] = Math.fma(factors[j], row[n], sums[n]);
      }
    }
    FloatArrays.write(sums, target, targetOffset);
  }

  private static void vector(
      MemorySegment weights,
      long weightsOffset,
      int count,
      MemorySegment values,
      long offset,
      long stride,
      int columns,
      MemorySegment target,
      long targetOffset) {
    int column = 0;
    for (; column <= columns - 2 * COUNT; column += 2 * COUNT) {
      long step = (long) column * Float.BYTES;
      twoVectors(
          weights,
          weightsOffset,
          count,
          values,
          offset + step,
          stride,
          target,
          targetOffset + step);
    }
    for (; column < columns; column++) {
      long step = (long) column * Float.BYTES;
      float sum = 0;
      for (int j = 0; j < count; j++) {
        float weight = weights.get(FLOAT, weightsOffset + (long) j * Float.BYTES);
        sum = Math.fma(weight, values.get(FLOAT, offset + step + j * stride), sum);
      }
      target.set(FLOAT, targetOffset + step, sum);
    }
  }

  private static void twoVectors(
      MemorySegment weights,
      long weightsOffset,
      int count,
      MemorySegment values,
      long offset,
      long stride,
      MemorySegment target,
      long targetOffset) {
    FloatVector low = FloatVector.zero(SPECIES);
    FloatVector high = FloatVector.zero(SPECIES);
    for (int j = 0; j < count; j++) {
      long at = offset + j * stride;
      float weight = weights.get(FLOAT, weightsOffset + (long) j * Float.BYTES);
      FloatVector w = FloatVector.broadcast(SPECIES, weight);
      low = w.fma(FloatVector.fromMemorySegment(SPECIES, values, at, ORDER), low);
      high = w.fma(FloatVector.fromMemorySegment(SPECIES, values, at + VECTOR_BYTES, ORDER), high);
    }
    low.intoMemorySegment(target, targetOffset, ORDER);
    high.intoMemorySegment(target, targetOffset + VECTOR_BYTES, ORDER);
  }

  @Override
  protected void exercise(Operands on) {
    MemorySegment values = on.weights();
    long stride = Operands.STRIDE;
    vector(on.input(), 0, on.either(4, 5), values, 0, stride, on.count(), on.output(), 0);
  }
}
