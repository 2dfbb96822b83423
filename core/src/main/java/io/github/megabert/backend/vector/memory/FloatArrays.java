// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.memory;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.PANEL;

import java.lang.foreign.MemorySegment;

/**
 * Floats from memory to arrays and back, for the plain forms of kernels: access to a segment is
 * slow until C2 has compiled it, a loop over arrays is not.
 */
public final class FloatArrays {
  private FloatArrays() {}

  /** {@code count} floats from {@code offset} on. */
  public static float[] read(MemorySegment segment, long offset, int count) {
    float[] values = new float[count];
    MemorySegment.copy(segment, FLOAT, offset, values, 0, count);
    return values;
  }

  /** Floats of panels that are {@code step} bytes apart. */
  public static float[] readPanels(MemorySegment segment, long offset, long step, int count) {
    float[] values = new float[count];
    long from = offset;
    for (int i = 0; i < count; i += PANEL) {
      MemorySegment.copy(segment, FLOAT, from, values, i, Math.min(PANEL, count - i));
      from += step;
    }
    return values;
  }

  /** {@code [rows, count]} floats of rows that are {@code stride} bytes apart. */
  public static float[] readRows(
      MemorySegment segment, long offset, long stride, int rows, int count) {
    float[] values = new float[rows * count];
    for (int r = 0; r < rows; r++) {
      MemorySegment.copy(segment, FLOAT, offset + r * stride, values, r * count, count);
    }
    return values;
  }

  /** Writes all values, from {@code offset} on. */
  public static void write(float[] values, MemorySegment segment, long offset) {
    MemorySegment.copy(values, 0, segment, FLOAT, offset, values.length);
  }

  /** Writes all values to panels that are {@code step} bytes apart. */
  public static void writePanels(float[] values, MemorySegment segment, long offset, long step) {
    long to = offset;
    for (int i = 0; i < values.length; i += PANEL) {
      MemorySegment.copy(values, i, segment, FLOAT, to, Math.min(PANEL, values.length - i));
      to += step;
    }
  }

  /** {@code left += right}. */
  public static void add(float[] left, float[] right) {
    for (int i = 0; i < left.length; i++) {
      left[i] += right[i];
    }
  }
}
