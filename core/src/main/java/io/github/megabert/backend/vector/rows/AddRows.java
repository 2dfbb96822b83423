// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import io.github.megabert.backend.machine.RowKernels;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@code target += source} for rows of floats. */
public final class AddRows extends Kernel {
  /** The kernel. */
  public static final AddRows KERNEL = new AddRows();

  private AddRows() {}

  /**
   * Adds rows.
   *
   * @param rows number of rows, of {@code count} floats each
   * @param sourceStride bytes from a row of the source to the next
   * @param stride bytes from a row of the target to the next
   */
  public static void add(
      Forms forms,
      int rows,
      int count,
      MemorySegment source,
      long sourceOffset,
      long sourceStride,
      MemorySegment target,
      long offset,
      long stride) {
    RowKernels machine = MachineRows.get(forms);
    if (machine != null) {
      machine.add(rows, count, source, sourceOffset, sourceStride, target, offset, stride);
    } else if (KERNEL.isVector(forms)) {
      vector(rows, count, source, sourceOffset, sourceStride, target, offset, stride);
    } else {
      plain(rows, count, source, sourceOffset, sourceStride, target, offset, stride);
    }
  }

  private static void plain(
      int rows,
      int count,
      MemorySegment source,
      long sourceOffset,
      long sourceStride,
      MemorySegment target,
      long offset,
      long stride) {
    for (int r = 0; r < rows; r++) {
      float[] values = FloatArrays.read(target, offset + r * stride, count);
      FloatArrays.add(values, FloatArrays.read(source, sourceOffset + r * sourceStride, count));
      FloatArrays.write(values, target, offset + r * stride);
    }
  }

  private static void vector(
      int rows,
      int count,
      MemorySegment source,
      long sourceOffset,
      long sourceStride,
      MemorySegment target,
      long offset,
      long stride) {
    for (int r = 0; r < rows; r++) {
      addRow(source, sourceOffset + r * sourceStride, target, offset + r * stride, count);
    }
  }

  private static void addRow(
      MemorySegment source, long sourceAt, MemorySegment target, long at, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector.fromMemorySegment(SPECIES, target, at + step, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, source, sourceAt + step, ORDER))
          .intoMemorySegment(target, at + step, ORDER);
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      float sum = target.get(FLOAT, at + step) + source.get(FLOAT, sourceAt + step);
      target.set(FLOAT, at + step, sum);
    }
  }

  @Override
  protected void exercise(Operands on) {
    long stride = Operands.STRIDE;
    vector(on.either(2, 3), on.count(), on.input(), 0, stride, on.output(), 0, stride);
  }
}
