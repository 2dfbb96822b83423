// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.tornado.recording.Call;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Kernel;
import io.github.megabert.tornado.recording.Operand;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/**
 * Before and after a product in bfloat16. Matrices are float32 between the products, so a residual
 * loses nothing.
 */
public final class BFloat16Kernels {
  private static final KernelContext CONTEXT = new KernelContext();

  /** x, out, count, a quarter of it. */
  public static final Kernel NARROW =
      new Kernel(
              "narrow",
              (graph, task, a) ->
                  graph.task(
                      task,
                      BFloat16Kernels::narrow,
                      CONTEXT,
                      (FloatArray) a[0],
                      (BFloat16Array) a[1],
                      (Integer) a[2],
                      (Integer) a[3]))
          .withSizes(2, 3);

  /** product, bias, residual, out, activation, has residual (0 or 1), columns, count. */
  public static final Kernel COMPLETE =
      new Kernel(
              "complete",
              (graph, task, a) ->
                  graph.task(
                      task,
                      BFloat16Kernels::complete,
                      CONTEXT,
                      (BFloat16Array) a[0],
                      (FloatArray) a[1],
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (Integer) a[4],
                      (Integer) a[5],
                      (Integer) a[6],
                      (Integer) a[7]))
          .withSizes(7);

  /** x, weight, bias, out, columns (up to {@link #LARGEST_ROW}), eps. */
  public static final Kernel NORM =
      new Kernel(
          "bfloat16Norm",
          (graph, task, a) ->
              graph.task(
                  task,
                  BFloat16Kernels::roundedNorm,
                  CONTEXT,
                  (FloatArray) a[0],
                  (FloatArray) a[1],
                  (FloatArray) a[2],
                  (BFloat16Array) a[3],
                  (Integer) a[4],
                  (Float) a[5]));

  /** product, bias, residual, out, weight and bias of the norm, normalised, columns, eps. */
  public static final Kernel COMPLETE_NORM =
      new Kernel(
          "completeNorm",
          (graph, task, a) ->
              graph.task(
                  task,
                  BFloat16Kernels::completeNorm,
                  CONTEXT,
                  (BFloat16Array) a[0],
                  (FloatArray) a[1],
                  (FloatArray) a[2],
                  (FloatArray) a[3],
                  (FloatArray) a[4],
                  (FloatArray) a[5],
                  (BFloat16Array) a[6],
                  (Integer) a[7],
                  (Float) a[8]));

  /** product, bias, out, activation, columns, a quarter of the elements. */
  public static final Kernel ACTIVATE =
      new Kernel(
              "bfloat16Activate",
              (graph, task, a) ->
                  graph.task(
                      task,
                      BFloat16Kernels::activate,
                      CONTEXT,
                      (BFloat16Array) a[0],
                      (FloatArray) a[1],
                      (BFloat16Array) a[2],
                      (Integer) a[3],
                      (Integer) a[4],
                      (Integer) a[5]))
          .withSizes(5);

  /** {@link DenseTasks#PACK_TOGETHER} with the product and its bias in place of the matrix. */
  public static final Kernel PACK =
      new Kernel(
              "bfloat16Pack",
              (graph, task, a) ->
                  graph.task(
                      task,
                      BFloat16Kernels::pack,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (Integer) a[2],
                      (BFloat16Array) a[3],
                      (FloatArray) a[4],
                      (Integer) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (Integer) a[8],
                      (HalfFloatArray) a[9],
                      (HalfFloatArray) a[10],
                      (HalfFloatArray) a[11],
                      (Integer) a[12],
                      (Integer) a[13],
                      (Integer) a[14],
                      (Integer) a[15],
                      (Integer) a[16]))
          .withSizes(1, 2, 13, 16);

  /** As {@link DenseTasks#UNPACK}. */
  public static final Kernel UNPACK =
      new Kernel(
              "bfloat16Unpack",
              (graph, task, a) ->
                  graph.task(
                      task,
                      BFloat16Kernels::unpack,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (HalfFloatArray) a[2],
                      (BFloat16Array) a[3],
                      (Integer) a[4],
                      (Integer) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (Integer) a[8],
                      (Integer) a[9]))
          .withSizes(1, 6, 9);

  /** Numbers of a row that a thread of the norms keeps in registers. */
  private static final int KEPT = 16;

  private static final int THREADS = FloatRowKernels.ROW_THREADS;
  private static final int PARTS = 16;

  /** The widest row that the norms take. */
  public static final int LARGEST_ROW = KEPT * THREADS;

  private BFloat16Kernels() {}

  /** The call that rounds {@code count} numbers. */
  public static Call narrow(Operand x, Operand out, int count) {
    int quarter = Math.ceilDiv(count, 4);
    return new Call(NARROW, List.of(x, out, count, quarter), Grid.elements(quarter));
  }

  /** Rounds to bfloat16; a thread one number of each quarter. */
  static void narrow(
      KernelContext context, FloatArray x, BFloat16Array out, int count, int quarter) {
    int i = context.globalIdx;
    if (i < quarter) {
      float a = x.get(i);
      float b = 0f;
      float c = 0f;
      float d = 0f;
      if (i + quarter < count) {
        b = x.get(i + quarter);
      }
      if (i + 2 * quarter < count) {
        c = x.get(i + 2 * quarter);
      }
      if (i + 3 * quarter < count) {
        d = x.get(i + 3 * quarter);
      }
      out.set(i, BFloat16.bf16FromFloat(a));
      if (i + quarter < count) {
        out.set(i + quarter, BFloat16.bf16FromFloat(b));
      }
      if (i + 2 * quarter < count) {
        out.set(i + 2 * quarter, BFloat16.bf16FromFloat(c));
      }
      if (i + 3 * quarter < count) {
        out.set(i + 3 * quarter, BFloat16.bf16FromFloat(d));
      }
    }
  }

  /** {@code out = activation(product + bias) + residual}; a thread an element. */
  static void complete(
      KernelContext context,
      BFloat16Array product,
      FloatArray bias,
      FloatArray residual,
      FloatArray out,
      int activation,
      int hasResidual,
      int columns,
      int count) {
    int i = context.globalIdx;
    if (i < count) {
      float sum = BFloat16.bf16ToFloat(product.get(i)) + bias.get(i % columns);
      float value = DeviceMath.activate(activation, sum);
      if (hasResidual == 1) {
        value += residual.get(i);
      }
      out.set(i, value);
    }
  }

  /**
   * {@link FloatRowKernels#layerNorm} that reads a row once and rounds to bfloat16. CUDA C has a
   * function {@code norm} of its own.
   */
  static void roundedNorm(
      KernelContext context,
      FloatArray x,
      FloatArray weight,
      FloatArray bias,
      BFloat16Array out,
      int columns,
      float eps) {
    int thread = context.localIdx;
    int base = context.groupIdx * columns;
    float[] partial = context.allocateFloatLocalArray(THREADS);
    float[] rests = context.allocateFloatLocalArray(THREADS);
    float[] sums = context.allocateFloatLocalArray(PARTS);
    float[] restSums = context.allocateFloatLocalArray(PARTS);
    float[] kept = new float[KEPT];
    float sum = 0f;
    for (int k = 0; k < KEPT; k++) {
      int c = thread + k * THREADS;
      kept[k] = 0f;
      if (c < columns) {
        kept[k] = x.get(base + c);
        sum += kept[k];
      }
    }
    partial[thread] = sum;
    context.localBarrier();
    if (thread < PARTS) {
      float part = 0f;
      for (int i = 0; i < THREADS / PARTS; i++) {
        part += partial[thread + i * PARTS];
      }
      sums[thread] = part;
    }
    context.localBarrier();
    float total = 0f;
    for (int i = 0; i < PARTS; i++) {
      total += sums[i];
    }
    float mean = total / columns;
    float squares = 0f;
    float rest = 0f;
    for (int k = 0; k < KEPT; k++) {
      if (thread + k * THREADS < columns) {
        float centred = kept[k] - mean;
        squares += centred * centred;
        rest += centred;
      }
    }
    partial[thread] = squares;
    rests[thread] = rest;
    context.localBarrier();
    if (thread < PARTS) {
      float part = 0f;
      float restPart = 0f;
      for (int i = 0; i < THREADS / PARTS; i++) {
        part += partial[thread + i * PARTS];
        restPart += rests[thread + i * PARTS];
      }
      sums[thread] = part;
      restSums[thread] = restPart;
    }
    context.localBarrier();
    float variance = 0f;
    float lost = 0f;
    for (int i = 0; i < PARTS; i++) {
      variance += sums[i];
      lost += restSums[i];
    }
    lost = lost / columns;
    variance = TornadoMath.max(0f, variance / columns - lost * lost);
    float inverse = 1f / TornadoMath.sqrt(variance + eps);
    for (int k = 0; k < KEPT; k++) {
      int c = thread + k * THREADS;
      if (c < columns) {
        float value = (kept[k] - mean - lost) * inverse * weight.get(c) + bias.get(c);
        out.set(base + c, BFloat16.bf16FromFloat(value));
      }
    }
  }

  /**
   * {@code out = product + bias + residual} and its LayerNorm, rounded to bfloat16; a work group a
   * row. The residual may be {@code out}.
   */
  static void completeNorm(
      KernelContext context,
      BFloat16Array product,
      FloatArray bias,
      FloatArray residual,
      FloatArray out,
      FloatArray weight,
      FloatArray normBias,
      BFloat16Array normalised,
      int columns,
      float eps) {
    int thread = context.localIdx;
    int base = context.groupIdx * columns;
    float[] partial = context.allocateFloatLocalArray(THREADS);
    float[] rests = context.allocateFloatLocalArray(THREADS);
    float[] sums = context.allocateFloatLocalArray(PARTS);
    float[] restSums = context.allocateFloatLocalArray(PARTS);
    float[] kept = new float[KEPT];
    float sum = 0f;
    for (int k = 0; k < KEPT; k++) {
      int c = thread + k * THREADS;
      kept[k] = 0f;
      if (c < columns) {
        kept[k] =
            BFloat16.bf16ToFloat(product.get(base + c)) + bias.get(c) + residual.get(base + c);
        sum += kept[k];
      }
    }
    // Apart from the loads, so that those need not wait for it.
    for (int k = 0; k < KEPT; k++) {
      int c = thread + k * THREADS;
      if (c < columns) {
        out.set(base + c, kept[k]);
      }
    }
    partial[thread] = sum;
    context.localBarrier();
    if (thread < PARTS) {
      float part = 0f;
      for (int i = 0; i < THREADS / PARTS; i++) {
        part += partial[thread + i * PARTS];
      }
      sums[thread] = part;
    }
    context.localBarrier();
    float total = 0f;
    for (int i = 0; i < PARTS; i++) {
      total += sums[i];
    }
    float mean = total / columns;
    float squares = 0f;
    float rest = 0f;
    for (int k = 0; k < KEPT; k++) {
      if (thread + k * THREADS < columns) {
        float centred = kept[k] - mean;
        squares += centred * centred;
        rest += centred;
      }
    }
    partial[thread] = squares;
    rests[thread] = rest;
    context.localBarrier();
    if (thread < PARTS) {
      float part = 0f;
      float restPart = 0f;
      for (int i = 0; i < THREADS / PARTS; i++) {
        part += partial[thread + i * PARTS];
        restPart += rests[thread + i * PARTS];
      }
      sums[thread] = part;
      restSums[thread] = restPart;
    }
    context.localBarrier();
    float variance = 0f;
    float lost = 0f;
    for (int i = 0; i < PARTS; i++) {
      variance += sums[i];
      lost += restSums[i];
    }
    lost = lost / columns;
    variance = TornadoMath.max(0f, variance / columns - lost * lost);
    float inverse = 1f / TornadoMath.sqrt(variance + eps);
    for (int k = 0; k < KEPT; k++) {
      int c = thread + k * THREADS;
      if (c < columns) {
        float value = (kept[k] - mean - lost) * inverse * weight.get(c) + normBias.get(c);
        normalised.set(base + c, BFloat16.bf16FromFloat(value));
      }
    }
  }

  /** {@code out = activation(product + bias)}; a thread one number of each quarter. */
  static void activate(
      KernelContext context,
      BFloat16Array product,
      FloatArray bias,
      BFloat16Array out,
      int activation,
      int columns,
      int quarter) {
    int i = context.globalIdx;
    if (i < quarter) {
      int j = i + quarter;
      int k = j + quarter;
      int l = k + quarter;
      float a = BFloat16.bf16ToFloat(product.get(i)) + bias.get(i % columns);
      float b = BFloat16.bf16ToFloat(product.get(j)) + bias.get(j % columns);
      float c = BFloat16.bf16ToFloat(product.get(k)) + bias.get(k % columns);
      float d = BFloat16.bf16ToFloat(product.get(l)) + bias.get(l % columns);
      out.set(i, BFloat16.bf16FromFloat(DeviceMath.activateHalf(activation, a)));
      out.set(j, BFloat16.bf16FromFloat(DeviceMath.activateHalf(activation, b)));
      out.set(k, BFloat16.bf16FromFloat(DeviceMath.activateHalf(activation, c)));
      out.set(l, BFloat16.bf16FromFloat(DeviceMath.activateHalf(activation, d)));
    }
  }

  /** {@link DenseFloatKernels#packTogether} of {@code product + bias}. */
  static void pack(
      KernelContext context,
      IntArray integers,
      int sequencesAt,
      int maskAt,
      BFloat16Array product,
      FloatArray bias,
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
          int c = head * headDim + d;
          int q = c + queryColumn;
          int k = c + keyColumn;
          int v = c + valueColumn;
          int at = (first + place) * stride;
          if (place >= integers.get(sequencesAt + 3 * sequence + 2)) {
            query0 = BFloat16.bf16ToFloat(product.get(at + q)) + bias.get(q);
            query1 = BFloat16.bf16ToFloat(product.get(at + q + 1)) + bias.get(q + 1);
          }
          key0 = BFloat16.bf16ToFloat(product.get(at + k)) + bias.get(k);
          key1 = BFloat16.bf16ToFloat(product.get(at + k + 1)) + bias.get(k + 1);
          value0 = BFloat16.bf16ToFloat(product.get(at + v)) + bias.get(v);
          value1 = BFloat16.bf16ToFloat(product.get(at + v + 1)) + bias.get(v + 1);
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
      float q0 = DenseFloatKernels.finite(query0);
      float q1 = DenseFloatKernels.finite(query1);
      float k0 = DenseFloatKernels.finite(key0);
      float k1 = DenseFloatKernels.finite(key1);
      float v0 = DenseFloatKernels.finite(value0);
      float v1 = DenseFloatKernels.finite(value1);
      queries.setHalf2(HalfPairKernels.SHIFT + 2 * i, Half2.fromFloats(q0, q1));
      keys.setHalf2(HalfPairKernels.SHIFT + 2 * i, Half2.fromFloats(k0, k1));
      values.setHalf2(HalfPairKernels.SHIFT + 2 * i, Half2.fromFloats(v0, v1));
    }
  }

  /** {@link DenseKernels#unpack} that rounds to bfloat16; a thread a pair. */
  static void unpack(
      KernelContext context,
      IntArray integers,
      int linesAt,
      HalfFloatArray x,
      BFloat16Array out,
      int stride,
      int heads,
      int length,
      int headDim,
      int width,
      int pairs) {
    int i = 2 * context.globalIdx;
    if (i < 2 * pairs) {
      int columns = heads * headDim;
      int row = i / columns;
      int column = i - row * columns;
      int head = column / headDim;
      int line = integers.get(linesAt + row);
      if (line >= 0) {
        Half2 pair =
            x.getHalf2(
                HalfPairKernels.SHIFT + (line + head * length) * width + column - head * headDim);
        int at = row * stride + column;
        out.set(at, BFloat16.bf16FromFloat(Half2.lowFloat(pair)));
        out.set(at + 1, BFloat16.bf16FromFloat(Half2.highFloat(pair)));
      }
    }
  }
}
