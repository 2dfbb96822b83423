// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@code target = (sums + bias) + residual} of a row: the end of a product. */
public final class BiasAndResidual extends Kernel {
  /** The kernel. */
  public static final BiasAndResidual KERNEL = new BiasAndResidual();

  private BiasAndResidual() {}

  /**
   * Adds {@code count} floats; residual and target begin at one offset and may be the same.
   *
   * @param sumsStep bytes from the sums of a panel's columns to those of the next
   */
  public static void add(
      Forms forms,
      MemorySegment sums,
      long sumsOffset,
      long sumsStep,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    if (KERNEL.isVector(forms)) {
      vector(sums, sumsOffset, sumsStep, residual, target, offset, bias, biasOffset, count);
    } else {
      plain(sums, sumsOffset, sumsStep, residual, target, offset, bias, biasOffset, count);
    }
  }

  private static void plain(
      MemorySegment sums,
      long sumsOffset,
      long sumsStep,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    float[] values = FloatArrays.readPanels(sums, sumsOffset, sumsStep, count);
    FloatArrays.add(values, FloatArrays.read(bias, biasOffset, count));
    FloatArrays.add(values, FloatArrays.read(residual, offset, count));
    FloatArrays.write(values, target, offset);
  }

  private static void vector(
      MemorySegment sums,
      long sumsOffset,
      long sumsStep,
      MemorySegment residual,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    long from = sumsOffset;
    int i = 0;
    for (; i <= count - PANEL; i += PANEL) {
      long step = (long) i * Float.BYTES;
      long second = step + VECTOR_BYTES;
      FloatVector.fromMemorySegment(SPECIES, sums, from, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, bias, biasOffset + step, ORDER))
          .add(FloatVector.fromMemorySegment(SPECIES, residual, offset + step, ORDER))
          .intoMemorySegment(target, offset + step, ORDER);
      FloatVector.fromMemorySegment(SPECIES, sums, from + VECTOR_BYTES, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, bias, biasOffset + second, ORDER))
          .add(FloatVector.fromMemorySegment(SPECIES, residual, offset + second, ORDER))
          .intoMemorySegment(target, offset + second, ORDER);
      from += sumsStep;
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      float sum = sums.get(FLOAT, from) + bias.get(FLOAT, biasOffset + step);
      target.set(FLOAT, offset + step, sum + residual.get(FLOAT, offset + step));
      from += Float.BYTES;
    }
  }

  @Override
  protected void exercise(Operands on) {
    MemorySegment sums = on.input();
    vector(sums, 0, PANEL_BYTES, on.scratch(), on.output(), 0, on.weights(), 0, on.count());
  }
}
