// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What training does on elements and rows of float32 matrices. Sums over rows have a fixed order:
 * blocks of {@link #BLOCK_ROWS} rows, then the blocks. How many rows there are is read from the
 * integers, so that padding adds nothing and sizes share kernels.
 */
public final class TrainingRowKernels {
  /** Rows that one thread sums up, a column each. */
  public static final int BLOCK_ROWS = 64;

  /** Threads of a work group that sums columns. */
  public static final int COLUMN_THREADS = 128;

  private static final int ROW_THREADS = FloatRowKernels.ROW_THREADS;

  private TrainingRowKernels() {}

  /** {@code sum += x}; a thread an element. */
  static void add(KernelContext context, FloatArray x, FloatArray sum, int count) {
    int i = context.globalIdx;
    if (i < count) {
      sum.set(i, sum.get(i) + x.get(i));
    }
  }

  /** {@code sum[r, first + c] += x[r, c]}; a thread an element of x. */
  static void addColumns(
      KernelContext context,
      FloatArray x,
      FloatArray sum,
      int columns,
      int stride,
      int first,
      int count) {
    int i = context.globalIdx;
    if (i < count) {
      int at = i / columns * stride + first + i % columns;
      sum.set(at, sum.get(at) + x.get(i));
    }
  }

  /** Zeros in the rows from the count at {@code rowsAt} on; a thread an element of them. */
  static void clearPadding(
      KernelContext context, IntArray integers, int rowsAt, FloatArray x, int columns, int count) {
    int i = integers.get(rowsAt) * columns + context.globalIdx;
    if (i < count) {
      x.set(i, 0f);
    }
  }

  /** {@code out = activation(x)}; a thread an element. */
  static void activate(
      KernelContext context, FloatArray x, FloatArray out, int activation, int count) {
    int i = context.globalIdx;
    if (i < count) {
      out.set(i, DeviceMath.activate(activation, x.get(i)));
    }
  }

  /** {@code dX = dOut ⊙ activation′(x)}; a thread an element. */
  static void activation(
      KernelContext context,
      FloatArray x,
      FloatArray dOut,
      FloatArray dX,
      int activation,
      int count) {
    int i = context.globalIdx;
    if (i < count) {
      dX.set(i, dOut.get(i) * DeviceDerivatives.derivative(activation, x.get(i)));
    }
  }

  /**
   * {@code out = mask ⊙ x / (1 − p)}, plus the residual where there is one; a thread an element.
   */
  static void dropout(
      KernelContext context,
      IntArray words,
      FloatArray x,
      FloatArray residual,
      FloatArray out,
      int hasResidual,
      int count) {
    int i = context.globalIdx;
    if (i < count) {
      float factor = DropoutWords.factor(words, DropoutWords.position(words) + i);
      float value = 0f;
      // The branch keeps the product and the sum apart: each is rounded.
      if (factor > 0f) {
        value = x.get(i) * factor;
      }
      if (hasResidual == 1) {
        value = value + residual.get(i);
      }
      out.set(i, value);
    }
  }

  /** {@link #dropout}; a thread four elements side by side, which share random words. */
  static void dropoutOfQuads(
      KernelContext context,
      IntArray words,
      FloatArray x,
      FloatArray residual,
      FloatArray out,
      int hasResidual,
      int count) {
    int first = 4 * context.globalIdx;
    if (first < count) {
      int bits = DropoutWords.kept(words, DropoutWords.position(words) + first);
      float scale = DropoutWords.scale(words);
      // Two loops, for a loop that asks what is constant does not compile for OpenCL.
      if (hasResidual == 1) {
        for (int j = 0; j < 4; j++) {
          float value = 0f;
          if (((bits >> j) & 1) * scale > 0f) {
            value = x.get(first + j) * scale;
          }
          out.set(first + j, value + residual.get(first + j));
        }
      } else {
        for (int j = 0; j < 4; j++) {
          float value = 0f;
          if (((bits >> j) & 1) * scale > 0f) {
            value = x.get(first + j) * scale;
          }
          out.set(first + j, value);
        }
      }
    }
  }

  /**
   * LayerNorm's gradient for its input, and each row's mean and {@code 1/√(variance + eps)} for
   * {@link #layerNormColumns}; a work group a row.
   *
   * @param mode 0 to leave dX alone, 1 to write it, 2 to add to it
   */
  static void layerNorm(
      KernelContext context,
      FloatArray x,
      FloatArray weight,
      FloatArray dOut,
      FloatArray dX,
      FloatArray statistics,
      int columns,
      float eps,
      int mode) {
    int thread = context.localIdx;
    int row = context.groupIdx;
    int base = row * columns;
    float[] partial = context.allocateFloatLocalArray(ROW_THREADS);
    float[] others = context.allocateFloatLocalArray(ROW_THREADS);
    float sum = 0f;
    for (int c = thread; c < columns; c += ROW_THREADS) {
      sum += x.get(base + c);
    }
    partial[thread] = sum;
    context.localBarrier();
    for (int half = ROW_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
      }
      context.localBarrier();
    }
    float mean = partial[0] / columns;
    context.localBarrier();
    float squares = 0f;
    float rest = 0f;
    for (int c = thread; c < columns; c += ROW_THREADS) {
      float centred = x.get(base + c) - mean;
      squares += centred * centred;
      rest += centred;
    }
    partial[thread] = squares;
    others[thread] = rest;
    context.localBarrier();
    for (int half = ROW_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
        others[thread] = others[thread] + others[thread + half];
      }
      context.localBarrier();
    }
    float lost = others[0] / columns;
    float variance = TornadoMath.max(0f, partial[0] / columns - lost * lost);
    float inverse = 1f / TornadoMath.sqrt(variance + eps);
    context.localBarrier();
    if (thread == 0) {
      statistics.set(2 * row, mean + lost);
      statistics.set(2 * row + 1, inverse);
    }
    float scaledSum = 0f;
    float product = 0f;
    for (int c = thread; c < columns; c += ROW_THREADS) {
      float scaled = dOut.get(base + c) * weight.get(c);
      scaledSum += scaled;
      product += scaled * (x.get(base + c) - mean - lost) * inverse;
    }
    partial[thread] = scaledSum;
    others[thread] = product;
    context.localBarrier();
    for (int half = ROW_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
        others[thread] = others[thread] + others[thread + half];
      }
      context.localBarrier();
    }
    float meanScaled = partial[0] / columns;
    float meanProduct = others[0] / columns;
    if (mode > 0) {
      for (int c = thread; c < columns; c += ROW_THREADS) {
        float normal = (x.get(base + c) - mean - lost) * inverse;
        float scaled = dOut.get(base + c) * weight.get(c);
        float value = inverse * (scaled - meanScaled - normal * meanProduct);
        if (mode == 2) {
          value += dX.get(base + c);
        }
        dX.set(base + c, value);
      }
    }
  }

  /**
   * Sums of blocks of rows: of {@code dOut ⊙ normal} in the first half of {@code partial}, of
   * {@code dOut} in the second; a thread a column and a block.
   */
  static void layerNormColumns(
      KernelContext context,
      IntArray integers,
      int rowsAt,
      FloatArray x,
      FloatArray dOut,
      FloatArray statistics,
      FloatArray partial,
      int columns,
      int blocks) {
    int c = context.globalIdx;
    int block = context.groupIdy;
    if (c < columns) {
      int first = block * BLOCK_ROWS;
      int end = TornadoMath.min(integers.get(rowsAt), first + BLOCK_ROWS);
      float weights = 0f;
      float biases = 0f;
      for (int row = first; row < end; row++) {
        float slope = dOut.get(row * columns + c);
        float centred = x.get(row * columns + c) - statistics.get(2 * row);
        weights += slope * centred * statistics.get(2 * row + 1);
        biases += slope;
      }
      partial.set(block * columns + c, weights);
      partial.set((blocks + block) * columns + c, biases);
    }
  }

  /** Sums of blocks of rows; a thread a column and a block. */
  static void sumBlocks(
      KernelContext context,
      IntArray integers,
      int rowsAt,
      FloatArray x,
      FloatArray partial,
      int columns) {
    int c = context.globalIdx;
    int block = context.groupIdy;
    if (c < columns) {
      int first = block * BLOCK_ROWS;
      int end = TornadoMath.min(integers.get(rowsAt), first + BLOCK_ROWS);
      float sum = 0f;
      for (int row = first; row < end; row++) {
        sum += x.get(row * columns + c);
      }
      partial.set(block * columns + c, sum);
    }
  }

  /** {@code out += } the sum of some blocks; a thread a column. */
  static void addBlocks(
      KernelContext context,
      FloatArray partial,
      int firstBlock,
      int blocks,
      FloatArray out,
      int columns) {
    int c = context.globalIdx;
    if (c < columns) {
      float sum = 0f;
      for (int block = 0; block < blocks; block++) {
        sum += partial.get((firstBlock + block) * columns + c);
      }
      out.set(c, out.get(c) + sum);
    }
  }

  /**
   * Adds rows to the rows of a table, in order: segment {@code s} of {@code segmentsAt} says which
   * row of the table, where its rows of {@code x} are listed, and how many; a thread a column of a
   * segment.
   */
  static void addRows(
      KernelContext context,
      IntArray integers,
      int segmentsAt,
      FloatArray x,
      FloatArray table,
      int segments,
      int columns) {
    int i = context.globalIdx;
    if (i < segments * columns) {
      int segment = i / columns;
      int c = i - segment * columns;
      int target = integers.get(segmentsAt + 3 * segment);
      int first = integers.get(segmentsAt + 3 * segment + 1);
      int count = integers.get(segmentsAt + 3 * segment + 2);
      if (count > 0) {
        float sum = table.get(target * columns + c);
        for (int j = 0; j < count; j++) {
          sum += x.get(integers.get(segmentsAt + first + j) * columns + c);
        }
        table.set(target * columns + c, sum);
      }
    }
  }

  /** Cross entropy with smoothing; a work group a row. */
  static void crossEntropy(
      KernelContext context,
      IntArray integers,
      int labelsAt,
      FloatArray x,
      FloatArray out,
      int columns,
      float smoothing) {
    int thread = context.localIdx;
    int row = context.groupIdx;
    int base = row * columns;
    float[] partial = context.allocateFloatLocalArray(ROW_THREADS);
    float[] others = context.allocateFloatLocalArray(ROW_THREADS);
    float max = DeviceMath.MASKED;
    for (int c = thread; c < columns; c += ROW_THREADS) {
      max = TornadoMath.max(max, x.get(base + c));
    }
    partial[thread] = max;
    context.localBarrier();
    for (int half = ROW_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = TornadoMath.max(partial[thread], partial[thread + half]);
      }
      context.localBarrier();
    }
    max = partial[0];
    context.localBarrier();
    float exponentials = 0f;
    float sum = 0f;
    for (int c = thread; c < columns; c += ROW_THREADS) {
      float below = x.get(base + c) - max;
      exponentials += TornadoMath.exp(below);
      sum += below;
    }
    partial[thread] = exponentials;
    others[thread] = sum;
    context.localBarrier();
    for (int half = ROW_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
        others[thread] = others[thread] + others[thread + half];
      }
      context.localBarrier();
    }
    if (thread == 0) {
      int label = integers.get(labelsAt + row);
      float loss = 0f;
      if (label >= 0) {
        float total = TornadoMath.log(partial[0]);
        float own = total - (x.get(base + label) - max);
        float mean = total - others[0] / columns;
        loss = (1f - smoothing) * own + smoothing * mean;
      }
      out.set(row, loss);
    }
  }

  /** Cross entropy's gradient, zeros in rows without a label; a work group a row. */
  static void crossEntropyGradient(
      KernelContext context,
      IntArray integers,
      int labelsAt,
      FloatArray x,
      FloatArray dOut,
      FloatArray dX,
      int columns,
      float smoothing) {
    int thread = context.localIdx;
    int row = context.groupIdx;
    int base = row * columns;
    float[] partial = context.allocateFloatLocalArray(ROW_THREADS);
    float max = DeviceMath.MASKED;
    for (int c = thread; c < columns; c += ROW_THREADS) {
      max = TornadoMath.max(max, x.get(base + c));
    }
    partial[thread] = max;
    context.localBarrier();
    for (int half = ROW_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = TornadoMath.max(partial[thread], partial[thread + half]);
      }
      context.localBarrier();
    }
    max = partial[0];
    context.localBarrier();
    float exponentials = 0f;
    for (int c = thread; c < columns; c += ROW_THREADS) {
      exponentials += TornadoMath.exp(x.get(base + c) - max);
    }
    partial[thread] = exponentials;
    context.localBarrier();
    for (int half = ROW_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
      }
      context.localBarrier();
    }
    float inverse = 1f / partial[0];
    int label = integers.get(labelsAt + row);
    float scale = dOut.get(row);
    for (int c = thread; c < columns; c += ROW_THREADS) {
      float value = 0f;
      if (label >= 0) {
        float wanted = smoothing / columns;
        if (c == label) {
          wanted += 1f - smoothing;
        }
        value = (TornadoMath.exp(x.get(base + c) - max) * inverse - wanted) * scale;
      }
      dX.set(base + c, value);
    }
  }
}
