// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/**
 * {@link DenseKernels} for rows in float32, for TF32 and bfloat16: binary16 has as many bits of
 * mantissa as TF32 and three more than bfloat16, and what is beyond its range becomes its largest
 * number.
 */
final class DenseFloatKernels {
  private static final float LARGEST = 65504f;

  private DenseFloatKernels() {}

  /** Rows to a dense tensor, as {@link DenseKernels#pack}; a thread an element. */
  static void pack(
      KernelContext context,
      IntArray integers,
      int sequencesAt,
      int maskAt,
      FloatArray x,
      int stride,
      int column,
      HalfFloatArray out,
      int heads,
      int length,
      int headDim,
      int width,
      int role,
      int count) {
    int i = context.globalIdx;
    if (i < count) {
      int d = i % width;
      int line = i / width;
      int place = line % length;
      int block = line / length;
      int head = block % heads;
      int sequence = block / heads;
      int first = integers.get(sequencesAt + 3 * sequence);
      int rows = integers.get(sequencesAt + 3 * sequence + 1);
      int blind = integers.get(sequencesAt + 3 * sequence + 2);
      float value = 0f;
      if (d < headDim) {
        if (place < rows && place >= blind) {
          value = x.get((first + place) * stride + column + head * headDim + d);
          value = finite(value);
        }
      } else if (d == headDim) {
        if (role == DenseKernels.QUERY) {
          value = 1f;
        }
        if (role == DenseKernels.KEY && maskAt >= 0 && place < rows) {
          if (integers.get(maskAt + first + place) == 0) {
            value = -60000f;
          }
        }
      } else if (d == headDim + 1) {
        if (role == DenseKernels.QUERY) {
          value = 8f;
        }
        if (role == DenseKernels.KEY && place >= rows) {
          value = -60000f;
        }
      }
      out.set(i, new HalfFloat(value));
    }
  }

  /** {@link #pack} of queries, keys and values that are columns of one matrix; a thread a pair. */
  static void packTogether(
      KernelContext context,
      IntArray integers,
      int sequencesAt,
      int maskAt,
      FloatArray x,
      int stride,
      int queryColumn,
      int keyColumn,
      int valueColumn,
      HalfFloatArray queries,
      HalfFloatArray keys,
      HalfFloatArray values,
      int heads,
      int length,
      int headDim,
      int width,
      int pairs) {
    int i = context.globalIdx;
    if (i < pairs) {
      int d = 2 * (i % (width / 2));
      int line = i / (width / 2);
      int place = line % length;
      int block = line / length;
      int head = block % heads;
      int sequence = block / heads;
      int first = integers.get(sequencesAt + 3 * sequence);
      int rows = integers.get(sequencesAt + 3 * sequence + 1);
      float query0 = 0f;
      float query1 = 0f;
      float key0 = 0f;
      float key1 = 0f;
      float value0 = 0f;
      float value1 = 0f;
      if (d < headDim) {
        if (place < rows) {
          int at = (first + place) * stride + head * headDim + d;
          if (place >= integers.get(sequencesAt + 3 * sequence + 2)) {
            query0 = finite(x.get(at + queryColumn));
            query1 = finite(x.get(at + queryColumn + 1));
          }
          key0 = finite(x.get(at + keyColumn));
          key1 = finite(x.get(at + keyColumn + 1));
          value0 = finite(x.get(at + valueColumn));
          value1 = finite(x.get(at + valueColumn + 1));
        }
      } else if (d == headDim) {
        query0 = 1f;
        query1 = 8f;
        if (place >= rows) {
          key1 = -60000f;
        } else if (maskAt >= 0) {
          if (integers.get(maskAt + first + place) == 0) {
            key0 = -60000f;
          }
        }
      }
      queries.setHalf2(HalfPairKernels.SHIFT + 2 * i, Half2.fromFloats(query0, query1));
      keys.setHalf2(HalfPairKernels.SHIFT + 2 * i, Half2.fromFloats(key0, key1));
      values.setHalf2(HalfPairKernels.SHIFT + 2 * i, Half2.fromFloats(value0, value1));
    }
  }

  /** The nearest number in the range of binary16. */
  static float finite(float value) {
    return TornadoMath.min(LARGEST, TornadoMath.max(-LARGEST, value));
  }

  /** A dense tensor to rows, as {@link DenseKernels#unpack}; a thread an element. */
  static void unpack(
      KernelContext context,
      IntArray integers,
      int linesAt,
      HalfFloatArray x,
      FloatArray out,
      int stride,
      int heads,
      int length,
      int headDim,
      int width,
      int count) {
    int i = context.globalIdx;
    if (i < count) {
      int columns = heads * headDim;
      int row = i / columns;
      int column = i - row * columns;
      int head = column / headDim;
      int line = integers.get(linesAt + row);
      if (line >= 0) {
        out.set(
            row * stride + column,
            x.get((line + head * length) * width + column - head * headDim).getFloat32());
      }
    }
  }
}
