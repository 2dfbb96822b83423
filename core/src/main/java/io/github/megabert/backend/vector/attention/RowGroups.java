// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.gemm.Gemm;
import io.github.megabert.backend.vector.gemm.StridedRows;
import io.github.megabert.backend.vector.gemm.StridedTiles;
import java.lang.foreign.MemorySegment;

/**
 * Rows for {@link StridedTiles} in groups of {@value #HEIGHT}. The distance of rows is a constant
 * that leaves room for {@link Gemm#DEPTH} inputs; where rows are shorter, the groups share it, side
 * by side. A head's 512 keys of 64 columns are then 55 rows, each in a page of its own, and not
 * 512, which no first-level address cache holds.
 */
final class RowGroups {
  /** Rows of a group: four full tiles. */
  static final int HEIGHT = 48;

  /** With those that a tile has more. */
  private static final int HELD = HEIGHT + StridedTiles.LOW - 1;

  private float[] floats = {};

  /** Blocks of inputs of a group. */
  private int blocks = 1;

  private int width = Gemm.DEPTH;

  private MemorySegment segment = MemorySegment.NULL;

  /** Blocks side by side. */
  private int across = 1;

  /** Makes room; the contents are undefined. */
  void shape(int rows, int inputs) {
    blocks = Math.max(1, Math.ceilDiv(inputs, Gemm.DEPTH));
    width = Math.clamp(inputs, 1, Gemm.DEPTH);
    across = Gemm.DEPTH / width;
    int all = Math.ceilDiv(rows, HEIGHT) * blocks;
    int bands = Math.max(1, Math.ceilDiv(all, across));
    int size = Math.multiplyExact(bands * HELD, StridedRows.DISTANCE);
    if (floats.length < size) {
      floats = new float[size];
      segment = MemorySegment.ofArray(floats);
    }
  }

  /** All rows, an array of floats. */
  MemorySegment segment() {
    return segment;
  }

  /** The array. */
  float[] floats() {
    return floats;
  }

  /** Where a row's input {@code depth} is; up to the next block of inputs, others follow. */
  int at(int row, int depth) {
    int cell = row / HEIGHT * blocks + depth / Gemm.DEPTH;
    int place = cell / across * HELD + row % HEIGHT;
    return place * StridedRows.DISTANCE + cell % across * width + depth % Gemm.DEPTH;
  }

  /** Copies a row of {@code count} inputs. */
  void copy(int row, int count, MemorySegment source, long offset) {
    for (int depth = 0; depth < count; depth += Gemm.DEPTH) {
      int part = Math.min(Gemm.DEPTH, count - depth);
      long from = offset + (long) depth * Float.BYTES;
      MemorySegment.copy(source, Lanes.FLOAT, from, floats, at(row, depth), part);
    }
  }
}
