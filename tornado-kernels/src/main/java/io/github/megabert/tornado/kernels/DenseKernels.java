// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/**
 * Between packed rows and the dense {@code [sequences, heads, length, width]} tensors that cuDNN
 * reads, in binary16.
 *
 * <p>cuDNN's task knows no mask, so a head may be made wider by two columns that add one to the
 * score: a query ends in (1, 8), a key in (-60000 if masked, -60000 if beyond its sequence). After
 * the division by √headDim such keys weigh nothing. Queries that see masked keys only are zeros:
 * their scores are alike, and attention is uniform.
 */
public final class DenseKernels {
  public static final int QUERY = 0;
  static final int KEY = 1;
  public static final int VALUE = 2;

  private DenseKernels() {}

  /**
   * Rows to a dense tensor; a thread an element.
   *
   * @param sequencesAt where the integers of a group of sequences begin in {@code integers}
   * @param maskAt where the key mask begins, negative if there is none
   */
  static void pack(
      KernelContext context,
      IntArray integers,
      int sequencesAt,
      int maskAt,
      HalfFloatArray x,
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
          value = x.get((first + place) * stride + column + head * headDim + d).getFloat32();
        }
      } else if (d == headDim) {
        if (role == QUERY) {
          value = 1f;
        }
        if (role == KEY && maskAt >= 0 && place < rows) {
          if (integers.get(maskAt + first + place) == 0) {
            value = -60000f;
          }
        }
      } else if (d == headDim + 1) {
        if (role == QUERY) {
          value = 8f;
        }
        if (role == KEY && place >= rows) {
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
      HalfFloatArray x,
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
          Half2 query = x.getHalf2(HalfPairKernels.SHIFT + at + queryColumn);
          Half2 key = x.getHalf2(HalfPairKernels.SHIFT + at + keyColumn);
          Half2 value = x.getHalf2(HalfPairKernels.SHIFT + at + valueColumn);
          if (place >= integers.get(sequencesAt + 3 * sequence + 2)) {
            query0 = Half2.lowFloat(query);
            query1 = Half2.highFloat(query);
          }
          key0 = Half2.lowFloat(key);
          key1 = Half2.highFloat(key);
          value0 = Half2.lowFloat(value);
          value1 = Half2.highFloat(value);
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

  /**
   * A dense tensor to rows; a thread one pair of each quarter of the rows' elements.
   *
   * @param linesAt where the line of head 0 of every row begins in {@code integers}, negative for
   *     rows of no sequence
   */
  static void unpack(
      KernelContext context,
      IntArray integers,
      int linesAt,
      HalfFloatArray x,
      HalfFloatArray out,
      int stride,
      int heads,
      int length,
      int headDim,
      int width,
      int quarter) {
    int i0 = 2 * context.globalIdx;
    if (i0 < quarter) {
      int columns = heads * headDim;
      int i1 = i0 + quarter;
      int i2 = i1 + quarter;
      int i3 = i2 + quarter;
      int row0 = i0 / columns;
      int row1 = i1 / columns;
      int row2 = i2 / columns;
      int row3 = i3 / columns;
      int line0 = integers.get(linesAt + row0);
      int line1 = integers.get(linesAt + row1);
      int line2 = integers.get(linesAt + row2);
      int line3 = integers.get(linesAt + row3);
      // All are read before the first is written; a row of no sequence reads the first line.
      Half2 pair0 = x.getHalf2(dense(line0, i0 - row0 * columns, length, headDim, width));
      Half2 pair1 = x.getHalf2(dense(line1, i1 - row1 * columns, length, headDim, width));
      Half2 pair2 = x.getHalf2(dense(line2, i2 - row2 * columns, length, headDim, width));
      Half2 pair3 = x.getHalf2(dense(line3, i3 - row3 * columns, length, headDim, width));
      if (line0 >= 0) {
        out.setHalf2(HalfPairKernels.SHIFT + row0 * stride + i0 - row0 * columns, pair0);
      }
      if (line1 >= 0) {
        out.setHalf2(HalfPairKernels.SHIFT + row1 * stride + i1 - row1 * columns, pair1);
      }
      if (line2 >= 0) {
        out.setHalf2(HalfPairKernels.SHIFT + row2 * stride + i2 - row2 * columns, pair2);
      }
      if (line3 >= 0) {
        out.setHalf2(HalfPairKernels.SHIFT + row3 * stride + i3 - row3 * columns, pair3);
      }
    }
  }

  /** Where the pair of a row's column lies in the dense tensor. */
  private static int dense(int line, int column, int length, int headDim, int width) {
    int head = column / headDim;
    int first = line < 0 ? 0 : line;
    return HalfPairKernels.SHIFT + (first + head * length) * width + column - head * headDim;
  }
}
