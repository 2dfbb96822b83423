// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.machine.RowKernels;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Rows at a distance that is a constant, for {@link StridedTiles}: one address serves all rows of a
 * tile, which the processor's instructions reach from there. A row is cut into blocks of {@link
 * Gemm#DEPTH} inputs; all first blocks lie behind one another, then all second ones. Behind the
 * last row is room for those that a tile has more.
 *
 * <p>An array, because the first compiler refuses to profile a tile with so many accesses to a
 * segment, and without a profile the second makes slow code. For tiles in machine code it may be
 * native memory instead: where a native call gets arrays too, the JVM's way through it is longer.
 */
public final class StridedRows {
  /**
   * Floats from a row to the next. Rows a power of two apart would share a few sets of the
   * first-level cache.
   */
  public static final int DISTANCE = Gemm.DEPTH + 16;

  private final @Nullable KernelMemory memory;
  private float[] floats = {};
  private MemorySegment segment = MemorySegment.NULL;
  private int held;

  /** Rows in an array. */
  public StridedRows() {
    memory = null;
  }

  /** Rows in memory that nothing else uses; there are no {@link #floats} then. */
  StridedRows(KernelMemory memory) {
    this.memory = memory;
  }

  /** Makes room; the contents are undefined. */
  public void shape(int rows, int inputs) {
    held = rows + StridedTiles.LOW - 1;
    int size = Math.multiplyExact(held * Math.ceilDiv(inputs, Gemm.DEPTH), DISTANCE);
    if (memory != null) {
      segment = memory.ofSize((long) size * Float.BYTES);
    } else if (floats.length < size) {
      floats = new float[size];
      segment = MemorySegment.ofArray(floats);
    }
  }

  /** The floats of all rows, where they are an array. */
  public float[] floats() {
    return floats;
  }

  /** The same as memory. */
  public MemorySegment segment() {
    return segment;
  }

  /**
   * Where a row's block of inputs from {@code depth} on begins, a multiple of the block's depth.
   */
  public int at(int row, int depth) {
    return (depth / Gemm.DEPTH * held + row) * DISTANCE;
  }

  /**
   * Copies rows' blocks of inputs from {@code depth} on.
   *
   * @param stride bytes from a row of the source to the next
   */
  public void copy(
      Forms forms,
      int firstRow,
      int rows,
      int depth,
      MemorySegment source,
      long offset,
      long stride,
      int count) {
    RowKernels machine = MachineRows.get(forms);
    if (machine != null) {
      long to = at(firstRow, depth) * (long) Float.BYTES;
      long distance = DISTANCE * (long) Float.BYTES;
      machine.copy(rows, count, source, offset, stride, segment, to, distance);
      return;
    }
    for (int row = 0; row < rows; row++) {
      copy(firstRow + row, depth, source, offset + row * stride, count);
    }
  }

  /** Copies a row's block of inputs from {@code depth} on. */
  public void copy(int row, int depth, MemorySegment source, long offset, int count) {
    MemorySegment.copy(source, Lanes.FLOAT, offset, floats, at(row, depth), count);
  }
}
