// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.tensor.BFloat16;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tornado.recording.Element;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** Conversions between float32 and the host side of device arrays. */
final class HostCopies {
  /** Elements converted at a time; loops over arrays of this size become vector instructions. */
  private static final int CHUNK = 8192;

  private HostCopies() {}

  /**
   * Writes a tensor's elements into an array of any {@link Element}, from element {@code first} on.
   */
  static void fill(TornadoNativeArray array, long first, Tensor values) {
    MemorySegment target = array.getSegment();
    boolean half = array instanceof HalfFloatArray;
    boolean bfloat16 = array instanceof BFloat16Array;
    boolean direct = values.dtype() == DType.F32;
    short[] halves = new short[CHUNK];
    float[] floats = new float[CHUNK];
    for (long from = 0; from < values.elements(); from += CHUNK) {
      int chunk = (int) Math.min(CHUNK, values.elements() - from);
      if (direct) {
        MemorySegment.copy(
            values.segment(),
            ValueLayout.JAVA_FLOAT_UNALIGNED,
            from * Float.BYTES,
            floats,
            0,
            chunk);
      } else {
        for (int i = 0; i < chunk; i++) {
          floats[i] = values.getFloat(from + i);
        }
      }
      long at = first + from;
      if (half || bfloat16) {
        for (int i = 0; i < chunk; i++) {
          halves[i] = half ? Float.floatToFloat16(floats[i]) : BFloat16.fromFloat(floats[i]);
        }
        MemorySegment.copy(halves, 0, target, ValueLayout.JAVA_SHORT, at * Short.BYTES, chunk);
      } else {
        MemorySegment.copy(floats, 0, target, ValueLayout.JAVA_FLOAT, at * Float.BYTES, chunk);
      }
    }
  }

  /** Copies {@code count} elements from {@code first} on into {@code destination}, as float32. */
  static void copy(TornadoNativeArray array, long first, long count, MemorySegment destination) {
    MemorySegment source = array.getSegment();
    if (!(array instanceof HalfFloatArray)) {
      MemorySegment.copy(source, first * Float.BYTES, destination, 0, count * Float.BYTES);
      return;
    }
    int largest = (int) Math.min(CHUNK, count);
    short[] halves = new short[largest];
    float[] floats = new float[largest];
    for (long from = 0; from < count; from += CHUNK) {
      int chunk = (int) Math.min(CHUNK, count - from);
      MemorySegment.copy(
          source, ValueLayout.JAVA_SHORT, (first + from) * Short.BYTES, halves, 0, chunk);
      for (int i = 0; i < chunk; i++) {
        floats[i] = Float.float16ToFloat(halves[i]);
      }
      MemorySegment.copy(
          floats, 0, destination, ValueLayout.JAVA_FLOAT_UNALIGNED, from * Float.BYTES, chunk);
    }
  }
}
