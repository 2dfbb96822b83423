// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** LayerNorm of a row, with the {@link RowMoments} of its numbers. */
public final class LayerNormRow extends Kernel {
  /** The kernel. */
  public static final LayerNormRow KERNEL = new LayerNormRow();

  private LayerNormRow() {}

  /**
   * LayerNorm of one row.
   *
   * @param at where the row begins, in x and in out
   * @param columns floats of the row, of weight and of bias
   * @param lanes memory for two vectors, at {@code lane}
   */
  public static void normalize(
      Forms forms,
      MemorySegment x,
      MemorySegment out,
      long at,
      MemorySegment weight,
      MemorySegment bias,
      int columns,
      float eps,
      MemorySegment lanes,
      long lane) {
    if (KERNEL.isVector(forms)) {
      vector(x, out, at, weight, bias, columns, eps, lanes, lane);
    } else {
      plain(x, out, at, weight, bias, columns, eps);
    }
  }

  private static void plain(
      MemorySegment x,
      MemorySegment out,
      long at,
      MemorySegment weight,
      MemorySegment bias,
      int columns,
      float eps) {
    float[] values = FloatArrays.read(x, at, columns);
    RowMoments moments = RowMoments.of(values, eps);
    float[] scale = FloatArrays.read(weight, 0, columns);
    float[] shift = FloatArrays.read(bias, 0, columns);
    for (int i = 0; i < columns; i++) {
      float normal = (values[i] - moments.mean() - moments.correction()) * moments.inverse();
      values[i] = Math.fma(normal, scale[i], shift[i]);
    }
    FloatArrays.write(values, out, at);
  }

  private static void vector(
      MemorySegment x,
      MemorySegment out,
      long at,
      MemorySegment weight,
      MemorySegment bias,
      int columns,
      float eps,
      MemorySegment lanes,
      long lane) {
    RowMoments.write(x, at, columns, eps, lanes, lane);
    float mean = RowMoments.mean(lanes, lane);
    float correction = RowMoments.correction(lanes, lane);
    float inverse = RowMoments.inverse(lanes, lane);
    scale(x, out, at, weight, bias, columns, mean, correction, inverse);
  }

  private static void scale(
      MemorySegment x,
      MemorySegment out,
      long at,
      MemorySegment weight,
      MemorySegment bias,
      int columns,
      float mean,
      float correction,
      float inverse) {
    int i = 0;
    for (; i <= columns - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector.fromMemorySegment(SPECIES, x, at + step, ORDER)
          .sub(mean)
          .sub(correction)
          .mul(inverse)
          .fma(
              FloatVector.fromMemorySegment(SPECIES, weight, step, ORDER),
              FloatVector.fromMemorySegment(SPECIES, bias, step, ORDER))
          .intoMemorySegment(out, at + step, ORDER);
    }
    for (; i < columns; i++) {
      long step = (long) i * Float.BYTES;
      float normal = (x.get(FLOAT, at + step) - mean - correction) * inverse;
      out.set(FLOAT, at + step, Math.fma(normal, weight.get(FLOAT, step), bias.get(FLOAT, step)));
    }
  }

  @Override
  protected void exercise(Operands on) {
    MemorySegment weight = on.weights();
    vector(on.input(), on.output(), 0, weight, weight, on.count(), 1e-5f, on.scratch(), 0);
  }
}
