package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Kernels over the rows of binary16 matrices: {@link FloatRowKernels} in binary16, computing in
 * float32.
 */
final class HalfRowKernels {
  private static final int ROW_THREADS = FloatRowKernels.ROW_THREADS;

  private HalfRowKernels() {}

  /** {@code out[t] = (words[ids[t]] or out[t]) + types[…] + positions[…]}; a thread an element. */
  static void embed(
      KernelContext context,
      IntArray integers,
      int idsAt,
      int typesAt,
      int positionsAt,
      HalfFloatArray words,
      HalfFloatArray types,
      HalfFloatArray positions,
      HalfFloatArray out,
      int rows,
      int columns) {
    int i = context.globalIdx;
    if (i < rows * columns) {
      int row = i / columns;
      int column = i - row * columns;
      float sum =
          idsAt < 0
              ? out.get(i).getFloat32()
              : words.get(integers.get(idsAt + row) * columns + column).getFloat32();
      sum += types.get(integers.get(typesAt + row) * columns + column).getFloat32();
      sum += positions.get(integers.get(positionsAt + row) * columns + column).getFloat32();
      out.set(i, new HalfFloat(sum));
    }
  }

  /** LayerNorm; a work group a row. */
  static void layerNorm(
      KernelContext context,
      HalfFloatArray x,
      FloatArray weight,
      FloatArray bias,
      HalfFloatArray out,
      int columns,
      float eps) {
    int thread = context.localIdx;
    int base = context.groupIdx * columns;
    float[] partial = context.allocateFloatLocalArray(ROW_THREADS);
    float sum = 0f;
    for (int c = thread; c < columns; c += ROW_THREADS) {
      sum += x.get(base + c).getFloat32();
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
    for (int c = thread; c < columns; c += ROW_THREADS) {
      float centred = x.get(base + c).getFloat32() - mean;
      squares += centred * centred;
    }
    partial[thread] = squares;
    context.localBarrier();
    for (int half = ROW_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
      }
      context.localBarrier();
    }
    float inverse = 1f / TornadoMath.sqrt(partial[0] / columns + eps);
    for (int c = thread; c < columns; c += ROW_THREADS) {
      out.set(
          base + c,
          new HalfFloat(
              (x.get(base + c).getFloat32() - mean) * inverse * weight.get(c) + bias.get(c)));
    }
  }

  /** {@code out[r] = log Σ exp(x[r]) - x[r, label]}, 0 for a negative label; a group a row. */
  static void crossEntropy(
      KernelContext context,
      IntArray integers,
      int labelsAt,
      HalfFloatArray x,
      HalfFloatArray out,
      int columns) {
    int thread = context.localIdx;
    int row = context.groupIdx;
    int base = row * columns;
    float[] partial = context.allocateFloatLocalArray(ROW_THREADS);
    float max = DeviceMath.MASKED;
    for (int c = thread; c < columns; c += ROW_THREADS) {
      max = TornadoMath.max(max, x.get(base + c).getFloat32());
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
      sum += TornadoMath.exp(x.get(base + c).getFloat32() - max);
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
        loss = max + TornadoMath.log(partial[0]) - x.get(base + label).getFloat32();
      }
      out.set(row, new HalfFloat(loss));
    }
  }

  /** {@code out[i] = x[rows[i]]}; a thread an element. */
  static void gatherRows(
      KernelContext context,
      IntArray integers,
      int rowsAt,
      HalfFloatArray x,
      HalfFloatArray out,
      int rows,
      int columns) {
    int i = context.globalIdx;
    if (i < rows * columns) {
      int row = i / columns;
      out.set(
          i,
          new HalfFloat(
              x.get(integers.get(rowsAt + row) * columns + i - row * columns).getFloat32()));
    }
  }

  /** {@code out[rows[i]] = x[i, first …]}; a thread an element, none for a negative row. */
  static void scatterRows(
      KernelContext context,
      IntArray integers,
      int rowsAt,
      HalfFloatArray x,
      int xColumns,
      int first,
      HalfFloatArray out,
      int rows,
      int columns) {
    int i = context.globalIdx;
    if (i < rows * columns) {
      int row = i / columns;
      int column = i - row * columns;
      int target = integers.get(rowsAt + row);
      if (target >= 0) {
        out.set(
            target * columns + column,
            new HalfFloat(x.get(row * xColumns + first + column).getFloat32()));
      }
    }
  }

  /** Copies; a thread an element. */
  static void copy(KernelContext context, HalfFloatArray x, HalfFloatArray out, int count) {
    int i = context.globalIdx;
    if (i < count) {
      out.set(i, new HalfFloat(x.get(i).getFloat32()));
    }
  }

  /** Converts what was uploaded; a thread an element. */
  static void upload(KernelContext context, FloatArray source, HalfFloatArray out, int count) {
    int i = context.globalIdx;
    if (i < count) {
      out.set(i, new HalfFloat(source.get(i)));
    }
  }

  /** Zeros; a thread an element. */
  static void clear(KernelContext context, HalfFloatArray out, int count) {
    int i = context.globalIdx;
    if (i < count) {
      out.set(i, new HalfFloat(0f));
    }
  }

  /** {@code x = activation(x)}, in place; a thread an element. */
  static void activation(KernelContext context, HalfFloatArray x, int activation, int count) {
    int i = context.globalIdx;
    if (i < count) {
      float value = DeviceMath.activate(activation, x.get(i).getFloat32());
      x.set(i, new HalfFloat(value));
    }
  }

  /** {@code x = activation(x + bias)}, in place; a thread an element. */
  static void biasActivation(
      KernelContext context,
      HalfFloatArray x,
      FloatArray bias,
      int activation,
      int rows,
      int columns) {
    int i = context.globalIdx;
    if (i < rows * columns) {
      float value = DeviceMath.activate(activation, x.get(i).getFloat32() + bias.get(i % columns));
      x.set(i, new HalfFloat(value));
    }
  }
}
