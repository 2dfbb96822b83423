// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.memory;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.tensor.BFloat16;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;

/**
 * A table or vector. Tables stay where they are, in the dtype they have, because an embedding reads
 * few of their rows, unless that memory is confined to one thread; vectors are copied to float32.
 *
 * @param dtype F32, F16 or BF16
 */
public record HostParameter(MemorySegment segment, DType dtype, int rows, int columns)
    implements Backend.Parameter {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);

  /** A thread that never runs and owns no arena. */
  private static final Thread ANYONE = new Thread();

  /** The parameter that {@code values} is; copies belong to {@code arena}. */
  public static HostParameter of(Tensor values, Arena arena) {
    Shape shape = values.shape();
    if (shape.rank() != 1 && shape.rank() != 2) {
      throw new IllegalArgumentException(
          "a parameter is a vector or a table, not of shape " + shape);
    }
    DType dtype = values.dtype();
    if (shape.rank() == 1) {
      Tensor copy = Tensor.ofFloats(arena, shape, values.toFloatArray());
      return new HostParameter(copy.segment(), DType.F32, 1, shape.intExtent(0));
    }
    boolean readable = dtype == DType.F32 || dtype == DType.F16 || dtype == DType.BF16;
    Tensor table = readable ? values : values.to(DType.F32, arena);
    if (!isShared(table.segment())) {
      MemorySegment copy = arena.allocate(table.byteSize(), Tensor.ALIGNMENT);
      table = Tensor.wrap(copy.copyFrom(table.segment()), dtype, shape);
    }
    return new HostParameter(
        table.segment(), table.dtype(), shape.intExtent(0), shape.intExtent(1));
  }

  /** A parameter that reads a matrix whenever it is used. */
  public static HostParameter live(HostMatrix values) {
    return new HostParameter(values.segment(), DType.F32, values.rows(), values.columns());
  }

  /** The numbers of a parameter that {@link #live(HostMatrix)} made. */
  public HostMatrix live() {
    return new HostMatrix(segment, rows, columns);
  }

  /** Whether every thread may read the memory: that of a confined arena belongs to one. */
  public static boolean isShared(MemorySegment segment) {
    return segment.isAccessibleBy(ANYONE);
  }

  /** The parameter as a float32 vector of {@code columns} numbers. */
  public static MemorySegment vector(Backend.Parameter parameter, String name, int columns) {
    if (parameter instanceof HostParameter(var segment, var dtype, var rows, var found)
        && dtype == DType.F32
        && rows == 1
        && found == columns) {
      return segment;
    }
    throw new IllegalArgumentException(
        String.format(
            Locale.ROOT,
            "%s is [%d, %d], a vector of %d numbers is needed",
            name,
            parameter.rows(),
            parameter.columns(),
            columns));
  }

  /** The parameter as a table of {@code columns} columns. */
  public static HostParameter table(Backend.Parameter parameter, String name, int columns) {
    if (parameter instanceof HostParameter host && host.columns == columns) {
      return host;
    }
    throw new IllegalArgumentException(
        String.format(
            Locale.ROOT,
            "%s is [%d, %d], a table of %d columns is needed",
            name,
            parameter.rows(),
            parameter.columns(),
            columns));
  }

  /** Copies a row as the table holds it. */
  public void copyBits(int row, MemorySegment out, long offset) {
    long bytes = (long) columns * dtype.bits() / Byte.SIZE;
    MemorySegment.copy(segment, row * bytes, out, offset, bytes);
  }

  /** {@code out[i] = table[row, i]}. */
  public void copyRow(int row, MemorySegment out, long offset) {
    long first = (long) row * columns;
    if (dtype == DType.F32) {
      long bytes = (long) columns * Float.BYTES;
      MemorySegment.copy(segment, first * Float.BYTES, out, offset, bytes);
      return;
    }
    for (int i = 0; i < columns; i++) {
      short half = segment.get(SHORT, (first + i) * Short.BYTES);
      float value = dtype == DType.F16 ? Float.float16ToFloat(half) : BFloat16.toFloat(half);
      out.set(FLOAT, offset + (long) i * Float.BYTES, value);
    }
  }
}
