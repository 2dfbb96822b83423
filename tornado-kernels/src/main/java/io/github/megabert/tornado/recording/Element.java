// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** What an array on the device holds. */
public enum Element {
  /** Binary32. */
  FLOAT(4),
  /** Binary16. */
  HALF(2),
  /** bfloat16; TornadoVM's CUDA driver alone knows it. */
  BFLOAT16(2),
  /** Binary64, for sums of very many terms. */
  DOUBLE(8),
  /** Words of 32 bits. */
  INT(4);

  private final int bytes;

  Element(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of {@code count} elements with the header that every array has on the device. */
  long bytes(long count) {
    return count * bytes + TornadoNativeArray.ARRAY_HEADER;
  }

  /**
   * An array of zeros.
   *
   * @throws IllegalStateException if the JVM has too little memory for the host's side of it
   */
  public TornadoNativeArray allocate(int count) {
    try {
      return make(count);
    } catch (OutOfMemoryError failure) {
      throw MirrorMemory.explained(failure);
    }
  }

  private TornadoNativeArray make(int count) {
    return switch (this) {
      case FLOAT -> new FloatArray(count);
      case HALF -> new HalfFloatArray(count);
      case BFLOAT16 -> new BFloat16Array(count);
      case DOUBLE -> new DoubleArray(count);
      case INT -> new IntArray(count);
    };
  }
}
