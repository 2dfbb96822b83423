// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.tornado.recording.Kernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@link TrainingRowKernels} on matrices that are stored in bfloat16, and what several of them do
 * together. Sums are float32, and so is the residual stream with its gradient. CUDA's alone: sums
 * over a warp are its shuffles.
 */
public final class RoundedKernels {
  private static final KernelContext CONTEXT = new KernelContext();
  private static final int THREADS = FloatRowKernels.ROW_THREADS;
  private static final int WARP = 32;
  private static final int WARPS = THREADS / WARP;

  /** Numbers of a row that a thread keeps in registers. */
  private static final int KEPT = 16;

  private static final int QUAD = 4;

  /** Numbers of a thread, one of each part of a matrix. */
  public static final int PARTS = 8;

  /** The widest row that {@link #DROPOUT_NORM} and {@link #LAYER_NORM} take. */
  public static final int LARGEST_ROW = KEPT * THREADS;

  /** x, out, activation, an eighth of the numbers. */
  public static final Kernel ACTIVATE =
      new Kernel(
              "roundedActivate",
              (graph, task, a) ->
                  graph.task(
                      task,
                      RoundedKernels::activate,
                      CONTEXT,
                      (BFloat16Array) a[0],
                      (BFloat16Array) a[1],
                      (Integer) a[2],
                      (Integer) a[3]))
          .withSizes(3);

  /** product, bias, sum, out, activation, columns, an eighth of the numbers. */
  public static final Kernel COMPLETE_ACTIVATE =
      new Kernel(
              "completeActivate",
              (graph, task, a) ->
                  graph.task(
                      task,
                      RoundedKernels::completeActivate,
                      CONTEXT,
                      (BFloat16Array) a[0],
                      (FloatArray) a[1],
                      (BFloat16Array) a[2],
                      (BFloat16Array) a[3],
                      (Integer) a[4],
                      (Integer) a[5],
                      (Integer) a[6]))
          .withSizes(6);

  /** x, dOut, dX, activation, an eighth of the numbers. */
  public static final Kernel ACTIVATION =
      new Kernel(
              "roundedActivationGradient",
              (graph, task, a) ->
                  graph.task(
                      task,
                      RoundedKernels::activation,
                      CONTEXT,
                      (BFloat16Array) a[0],
                      (BFloat16Array) a[1],
                      (BFloat16Array) a[2],
                      (Integer) a[3],
                      (Integer) a[4]))
          .withSizes(4);

  /** words, x, residual, out, count. */
  public static final Kernel DROPOUT_SUM =
      new Kernel(
              "dropoutSum",
              (graph, task, a) ->
                  graph.task(
                      task,
                      RoundedKernels::dropoutSum,
                      CONTEXT,
                      (IntArray) a[0],
                      (BFloat16Array) a[1],
                      (FloatArray) a[2],
                      (FloatArray) a[3],
                      (Integer) a[4]))
          .withSizes(4);

  /** words, x, out, count. */
  public static final Kernel DROPOUT =
      new Kernel(
              "roundedDropout",
              (graph, task, a) ->
                  graph.task(
                      task,
                      RoundedKernels::dropout,
                      CONTEXT,
                      (IntArray) a[0],
                      (FloatArray) a[1],
                      (BFloat16Array) a[2],
                      (Integer) a[3]))
          .withSizes(3);

  /** words, product, bias, residual, out, weight and bias of the norm, normalised, columns, eps. */
  public static final Kernel DROPOUT_NORM =
      new Kernel(
          "dropoutNorm",
          (graph, task, a) ->
              graph.task(
                  task,
                  RoundedKernels::dropoutNorm,
                  CONTEXT,
                  (IntArray) a[0],
                  (BFloat16Array) a[1],
                  (FloatArray) a[2],
                  (FloatArray) a[3],
                  (FloatArray) a[4],
                  (FloatArray) a[5],
                  (FloatArray) a[6],
                  (BFloat16Array) a[7],
                  (Integer) a[8],
                  (Float) a[9]));

  /** integers, rows at, x, columns, count. */
  public static final Kernel CLEAR_PADDING =
      new Kernel(
              "clearRoundedPadding",
              (graph, task, a) ->
                  graph.task(
                      task,
                      RoundedKernels::clearPadding,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (BFloat16Array) a[2],
                      (Integer) a[3],
                      (Integer) a[4]))
          .withSizes(1, 4);

  /** As {@link TrainingTasks#LAYER_NORM}, dOut rounded. */
  public static final Kernel LAYER_NORM =
      new Kernel(
          "roundedNormGradient",
          (graph, task, a) ->
              graph.task(
                  task,
                  RoundedKernels::layerNorm,
                  CONTEXT,
                  (FloatArray) a[0],
                  (FloatArray) a[1],
                  (BFloat16Array) a[2],
                  (FloatArray) a[3],
                  (FloatArray) a[4],
                  (Integer) a[5],
                  (Float) a[6],
                  (Integer) a[7]));

  /** As {@link TrainingTasks#LAYER_NORM_COLUMNS}, dOut rounded. */
  public static final Kernel LAYER_NORM_COLUMNS =
      new Kernel(
              "roundedNormColumns",
              (graph, task, a) ->
                  graph.task(
                      task,
                      RoundedKernels::layerNormColumns,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (FloatArray) a[2],
                      (BFloat16Array) a[3],
                      (FloatArray) a[4],
                      (FloatArray) a[5],
                      (Integer) a[6],
                      (Integer) a[7]))
          .withSizes(1, 7);

  /** As {@link TrainingTasks#SUM_BLOCKS}, x rounded. */
  public static final Kernel SUM_BLOCKS =
      new Kernel(
              "sumRoundedBlocks",
              (graph, task, a) ->
                  graph.task(
                      task,
                      RoundedKernels::sumBlocks,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (BFloat16Array) a[2],
                      (FloatArray) a[3],
                      (Integer) a[4]))
          .withSizes(1);

  private RoundedKernels() {}

  /** {@code out = activation(x)}; a thread one number of each eighth. */
  static void activate(
      KernelContext context, BFloat16Array x, BFloat16Array out, int activation, int eighth) {
    int i = context.globalIdx;
    float[] numbers = new float[PARTS];
    if (i < eighth) {
      for (int j = 0; j < PARTS; j++) {
        numbers[j] = BFloat16.bf16ToFloat(x.get(i + j * eighth));
      }
      for (int j = 0; j < PARTS; j++) {
        float value = DeviceMath.activateHalf(activation, numbers[j]);
        out.set(i + j * eighth, BFloat16.bf16FromFloat(value));
      }
    }
  }

  /**
   * {@code sum = product + bias}, {@code out = activation(sum)}; a thread one number of each
   * eighth.
   */
  static void completeActivate(
      KernelContext context,
      BFloat16Array product,
      FloatArray bias,
      BFloat16Array sum,
      BFloat16Array out,
      int activation,
      int columns,
      int eighth) {
    int i = context.globalIdx;
    float[] numbers = new float[PARTS];
    if (i < eighth) {
      for (int j = 0; j < PARTS; j++) {
        int at = i + j * eighth;
        numbers[j] = BFloat16.bf16ToFloat(product.get(at)) + bias.get(at % columns);
      }
      for (int j = 0; j < PARTS; j++) {
        int at = i + j * eighth;
        sum.set(at, BFloat16.bf16FromFloat(numbers[j]));
        float value = DeviceMath.activateHalf(activation, numbers[j]);
        out.set(at, BFloat16.bf16FromFloat(value));
      }
    }
  }

  /** {@code dX = dOut ⊙ activation′(x)}; a thread one number of each eighth. */
  static void activation(
      KernelContext context,
      BFloat16Array x,
      BFloat16Array dOut,
      BFloat16Array dX,
      int activation,
      int eighth) {
    int i = context.globalIdx;
    float[] numbers = new float[PARTS];
    float[] slopes = new float[PARTS];
    if (i < eighth) {
      for (int j = 0; j < PARTS; j++) {
        numbers[j] = BFloat16.bf16ToFloat(x.get(i + j * eighth));
        slopes[j] = BFloat16.bf16ToFloat(dOut.get(i + j * eighth));
      }
      for (int j = 0; j < PARTS; j++) {
        float value = slopes[j] * DeviceDerivatives.derivativeHalf(activation, numbers[j]);
        dX.set(i + j * eighth, BFloat16.bf16FromFloat(value));
      }
    }
  }

  /** {@code out = mask ⊙ x / (1 − p) + residual}; a thread four numbers side by side. */
  static void dropoutSum(
      KernelContext context,
      IntArray words,
      BFloat16Array x,
      FloatArray residual,
      FloatArray out,
      int count) {
    int first = QUAD * context.globalIdx;
    if (first < count) {
      int bits = DropoutWords.kept(words, DropoutWords.position(words) + first);
      float scale = DropoutWords.scale(words);
      for (int j = 0; j < QUAD; j++) {
        float value = residual.get(first + j);
        if (((bits >> j) & 1) == 1) {
          value = value + BFloat16.bf16ToFloat(x.get(first + j)) * scale;
        }
        out.set(first + j, value);
      }
    }
  }

  /** {@code out = mask ⊙ x / (1 − p)}; a thread four numbers side by side. */
  static void dropout(
      KernelContext context, IntArray words, FloatArray x, BFloat16Array out, int count) {
    int first = QUAD * context.globalIdx;
    if (first < count) {
      int bits = DropoutWords.kept(words, DropoutWords.position(words) + first);
      float scale = DropoutWords.scale(words);
      for (int j = 0; j < QUAD; j++) {
        float value = 0f;
        if (((bits >> j) & 1) == 1) {
          value = x.get(first + j) * scale;
        }
        out.set(first + j, BFloat16.bf16FromFloat(value));
      }
    }
  }

  /**
   * {@code out = mask ⊙ (product + bias) / (1 − p) + residual}, and its LayerNorm; a work group a
   * row. The residual may be {@code out}.
   */
  static void dropoutNorm(
      KernelContext context,
      IntArray words,
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
    int warp = thread / WARP;
    int used = (columns + THREADS - 1) / THREADS;
    int base = context.groupIdx * columns;
    int[] bits = context.allocateIntLocalArray(LARGEST_ROW / QUAD);
    float[] sums = context.allocateFloatLocalArray(2 * WARPS);
    float[] kept = new float[KEPT];
    long position = DropoutWords.position(words) + base;
    for (int quad = thread; quad < columns / QUAD; quad += THREADS) {
      bits[quad] = DropoutWords.kept(words, position + (long) quad * QUAD);
    }
    float scale = DropoutWords.scale(words);
    context.localBarrier();
    float sum = 0f;
    for (int k = 0; k < used; k++) {
      int c = thread + k * THREADS;
      kept[k] = 0f;
      if (c < columns) {
        float value = residual.get(base + c);
        float own = (BFloat16.bf16ToFloat(product.get(base + c)) + bias.get(c)) * scale;
        if (((bits[c / QUAD] >> (c % QUAD)) & 1) == 1) {
          value = value + own;
        }
        kept[k] = value;
        sum += value;
      }
    }
    // Apart from the loads, so that those need not wait for it.
    for (int k = 0; k < used; k++) {
      int c = thread + k * THREADS;
      if (c < columns) {
        out.set(base + c, kept[k]);
      }
    }
    float warpSum = context.simdSum(sum);
    if (thread % WARP == 0) {
      sums[warp] = warpSum;
    }
    context.localBarrier();
    float total = 0f;
    for (int i = 0; i < WARPS; i++) {
      total += sums[i];
    }
    float mean = total / columns;
    float squares = 0f;
    for (int k = 0; k < used; k++) {
      if (thread + k * THREADS < columns) {
        float centred = kept[k] - mean;
        squares += centred * centred;
      }
    }
    float warpSquares = context.simdSum(squares);
    if (thread % WARP == 0) {
      sums[WARPS + warp] = warpSquares;
    }
    context.localBarrier();
    float variance = 0f;
    for (int i = 0; i < WARPS; i++) {
      variance += sums[WARPS + i];
    }
    float inverse = 1f / TornadoMath.sqrt(variance / columns + eps);
    for (int k = 0; k < used; k++) {
      int c = thread + k * THREADS;
      if (c < columns) {
        float value = (kept[k] - mean) * inverse * weight.get(c) + normBias.get(c);
        normalised.set(base + c, BFloat16.bf16FromFloat(value));
      }
    }
  }

  /** Zeros in the rows from the count at {@code rowsAt} on; a thread an element of them. */
  static void clearPadding(
      KernelContext context,
      IntArray integers,
      int rowsAt,
      BFloat16Array x,
      int columns,
      int count) {
    int i = integers.get(rowsAt) * columns + context.globalIdx;
    if (i < count) {
      x.set(i, BFloat16.bf16FromFloat(0f));
    }
  }

  /**
   * LayerNorm's gradient for its input, which reads a row once, and each row's mean and {@code
   * 1/√(variance + eps)}: with {@code n} the normalised row and {@code g = dOut ⊙ weight}, {@code
   * (g − mean(g) − n · mean(g ⊙ n)) / √(variance + eps)}; a work group a row.
   *
   * @param mode 0 to leave dX alone, 1 to write it, 2 to add to it
   */
  static void layerNorm(
      KernelContext context,
      FloatArray x,
      FloatArray weight,
      BFloat16Array dOut,
      FloatArray dX,
      FloatArray statistics,
      int columns,
      float eps,
      int mode) {
    int thread = context.localIdx;
    int warp = thread / WARP;
    int row = context.groupIdx;
    int used = (columns + THREADS - 1) / THREADS;
    int base = row * columns;
    float[] sums = context.allocateFloatLocalArray(4 * WARPS);
    float[] kept = new float[KEPT];
    float[] slopes = new float[KEPT];
    float[] before = new float[KEPT];
    float sum = 0f;
    for (int k = 0; k < used; k++) {
      int c = thread + k * THREADS;
      kept[k] = 0f;
      slopes[k] = 0f;
      before[k] = 0f;
      if (c < columns) {
        kept[k] = x.get(base + c);
        slopes[k] = BFloat16.bf16ToFloat(dOut.get(base + c)) * weight.get(c);
        if (mode == 2) {
          before[k] = dX.get(base + c);
        }
        sum += kept[k];
      }
    }
    float warpSum = context.simdSum(sum);
    if (thread % WARP == 0) {
      sums[warp] = warpSum;
    }
    context.localBarrier();
    float total = 0f;
    for (int i = 0; i < WARPS; i++) {
      total += sums[i];
    }
    float mean = total / columns;
    float squares = 0f;
    float scaled = 0f;
    float product = 0f;
    for (int k = 0; k < used; k++) {
      if (thread + k * THREADS < columns) {
        kept[k] = kept[k] - mean;
        squares += kept[k] * kept[k];
        scaled += slopes[k];
        product += slopes[k] * kept[k];
      }
    }
    float warpSquares = context.simdSum(squares);
    float warpScaled = context.simdSum(scaled);
    float warpProduct = context.simdSum(product);
    if (thread % WARP == 0) {
      sums[WARPS + warp] = warpSquares;
      sums[2 * WARPS + warp] = warpScaled;
      sums[3 * WARPS + warp] = warpProduct;
    }
    context.localBarrier();
    float variance = 0f;
    float meanScaled = 0f;
    float meanProduct = 0f;
    for (int i = 0; i < WARPS; i++) {
      variance += sums[WARPS + i];
      meanScaled += sums[2 * WARPS + i];
      meanProduct += sums[3 * WARPS + i];
    }
    float inverse = 1f / TornadoMath.sqrt(variance / columns + eps);
    meanScaled = meanScaled / columns;
    meanProduct = meanProduct / columns * inverse;
    if (thread == 0) {
      statistics.set(2 * row, mean);
      statistics.set(2 * row + 1, inverse);
    }
    if (mode > 0) {
      for (int k = 0; k < used; k++) {
        int c = thread + k * THREADS;
        if (c < columns) {
          float normal = kept[k] * inverse;
          float value = inverse * (slopes[k] - meanScaled - normal * meanProduct);
          dX.set(base + c, before[k] + value);
        }
      }
    }
  }

  /** {@link TrainingRowKernels#layerNormColumns}. */
  static void layerNormColumns(
      KernelContext context,
      IntArray integers,
      int rowsAt,
      FloatArray x,
      BFloat16Array dOut,
      FloatArray statistics,
      FloatArray partial,
      int columns,
      int blocks) {
    int c = context.globalIdx;
    int block = context.groupIdy;
    if (c < columns) {
      int first = block * TrainingRowKernels.BLOCK_ROWS;
      int end = TornadoMath.min(integers.get(rowsAt), first + TrainingRowKernels.BLOCK_ROWS);
      float weights = 0f;
      float biases = 0f;
      for (int row = first; row < end; row++) {
        float slope = BFloat16.bf16ToFloat(dOut.get(row * columns + c));
        float centred = x.get(row * columns + c) - statistics.get(2 * row);
        weights += slope * centred * statistics.get(2 * row + 1);
        biases += slope;
      }
      partial.set(block * columns + c, weights);
      partial.set((blocks + block) * columns + c, biases);
    }
  }

  /** {@link TrainingRowKernels#sumBlocks}. */
  static void sumBlocks(
      KernelContext context,
      IntArray integers,
      int rowsAt,
      BFloat16Array x,
      FloatArray partial,
      int columns) {
    int c = context.globalIdx;
    int block = context.groupIdy;
    if (c < columns) {
      int first = block * TrainingRowKernels.BLOCK_ROWS;
      int end = TornadoMath.min(integers.get(rowsAt), first + TrainingRowKernels.BLOCK_ROWS);
      float sum = 0f;
      for (int row = first; row < end; row++) {
        sum += BFloat16.bf16ToFloat(x.get(row * columns + c));
      }
      partial.set(block * columns + c, sum);
    }
  }
}
