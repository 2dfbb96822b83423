// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Kernels over the rows of matrices. {@code HalfRowKernels}, over binary16, is derived from this
 * file at build time; {@code gain}, {@code bias} and {@code source} are float32 in both.
 */
public final class FloatRowKernels {
  /** Threads of a work group that shares a row. */
  public static final int ROW_THREADS = 128;

  private FloatRowKernels() {}

  /** {@code out[t] = (words[ids[t]] or out[t]) + types[…] + positions[…]}; a thread an element. */
  static void embed(
      KernelContext context,
      IntArray integers,
      int idsAt,
      int typesAt,
      int positionsAt,
      FloatArray words,
      FloatArray types,
      FloatArray positions,
      FloatArray out,
      int rows,
      int columns) {
    int i = context.globalIdx;
    if (i < rows * columns) {
      int row = i / columns;
      int column = i - row * columns;
      float sum = 0f;
      if (idsAt < 0) {
        sum = out.get(i);
      } else {
        int id = integers.get(idsAt + row);
        if (id >= 0) {
          sum = words.get(id * columns + column);
        }
      }
      sum += types.get(integers.get(typesAt + row) * columns + column);
      sum += positions.get(integers.get(positionsAt + row) * columns + column);
      out.set(i, sum);
    }
  }

  /** LayerNorm; a work group a row. */
  static void layerNorm(
      KernelContext context,
      FloatArray x,
      FloatArray gain,
      FloatArray bias,
      FloatArray out,
      int columns,
      float eps) {
    int thread = context.localIdx;
    int base = context.groupIdx * columns;
    float[] partial = context.allocateFloatLocalArray(ROW_THREADS);
    float[] rests = context.allocateFloatLocalArray(ROW_THREADS);
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
    rests[thread] = rest;
    context.localBarrier();
    for (int half = ROW_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
        rests[thread] = rests[thread] + rests[thread + half];
      }
      context.localBarrier();
    }
    // What the mean lost to rounding; of a row of equal numbers it is all that there is.
    float lost = rests[0] / columns;
    float variance = TornadoMath.max(0f, partial[0] / columns - lost * lost);
    float inverse = 1f / TornadoMath.sqrt(variance + eps);
    for (int c = thread; c < columns; c += ROW_THREADS) {
      float centred = x.get(base + c) - mean - lost;
      out.set(base + c, centred * inverse * gain.get(c) + bias.get(c));
    }
  }

  /** {@code out[r] = log Σ exp(x[r]) - x[r, label]}, 0 for a negative label; a group a row. */
  static void crossEntropy(
      KernelContext context,
      IntArray integers,
      int labelsAt,
      FloatArray x,
      FloatArray out,
      int columns) {
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
    float sum = 0f;
    for (int c = thread; c < columns; c += ROW_THREADS) {
      sum += TornadoMath.exp(x.get(base + c) - max);
    }
    partial[thread] = sum;
    context.localBarrier();
    for (int half = ROW_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
      }
      context.localBarrier();
    }
    if (thread == 0) {
      int label = integers.get(labelsAt + row);
      float loss = 0f;
      if (label >= 0) {
        loss = max + TornadoMath.log(partial[0]) - x.get(base + label);
      }
      out.set(row, loss);
    }
  }

  /** {@code out[i] = x[rows[i]]}; a thread an element. */
  static void gatherRows(
      KernelContext context,
      IntArray integers,
      int rowsAt,
      FloatArray x,
      FloatArray out,
      int rows,
      int columns) {
    int i = context.globalIdx;
    if (i < rows * columns) {
      int row = i / columns;
      out.set(i, x.get(integers.get(rowsAt + row) * columns + i - row * columns));
    }
  }

  /** {@code out[rows[i]] = x[i, first …]}; a thread an element, none for a negative row. */
  static void scatterRows(
      KernelContext context,
      IntArray integers,
      int rowsAt,
      FloatArray x,
      int xColumns,
      int first,
      FloatArray out,
      int rows,
      int columns) {
    int i = context.globalIdx;
    if (i < rows * columns) {
      int row = i / columns;
      int column = i - row * columns;
      int target = integers.get(rowsAt + row);
      if (target >= 0) {
        out.set(target * columns + column, x.get(row * xColumns + first + column));
      }
    }
  }

  /** Copies; a thread an element. */
  static void copy(KernelContext context, FloatArray x, FloatArray out, int count) {
    int i = context.globalIdx;
    if (i < count) {
      out.set(i, x.get(i));
    }
  }

  /** Converts what was uploaded; a thread an element. */
  static void upload(KernelContext context, FloatArray source, FloatArray out, int count) {
    int i = context.globalIdx;
    if (i < count) {
      out.set(i, source.get(i));
    }
  }

  /** Zeros; a thread an element. */
  static void clear(KernelContext context, FloatArray out, int count) {
    int i = context.globalIdx;
    if (i < count) {
      out.set(i, 0f);
    }
  }

  /** {@code x = activation(x)}, in place; a thread an element. */
  static void activation(KernelContext context, FloatArray x, int activation, int count) {
    int i = context.globalIdx;
    if (i < count) {
      float value = DeviceMath.activate(activation, x.get(i));
      x.set(i, value);
    }
  }

  /** {@code x = activation(x + bias)}, in place; a thread an element. */
  static void biasActivation(
      KernelContext context, FloatArray x, FloatArray bias, int activation, int rows, int columns) {
    int i = context.globalIdx;
    if (i < rows * columns) {
      float value = DeviceMath.activate(activation, x.get(i) + bias.get(i % columns));
      x.set(i, value);
    }
  }
}
