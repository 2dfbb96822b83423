// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/**
 * The kernels of {@link HalfRowKernels} that take most time, two numbers a load; on CUDA only,
 * whose driver has the conversions of pairs.
 */
public final class HalfPairKernels {
  /** Pairs that a thread of {@link #layerNorm} keeps in registers. */
  private static final int KEPT = 4;

  private static final int THREADS = FloatRowKernels.ROW_THREADS;

  /** The widest row that {@link #layerNorm} takes. */
  public static final int LARGEST_ROW = 2 * KEPT * THREADS;

  private static final int WARP = 32;

  private static final int WARPS = THREADS / WARP;

  /**
   * What must be added to the index of a pair. TornadoVM 5.2.0 addresses pairs as if an array's
   * data began where a Java {@code short[]}'s does, after 16 bytes, and not after the header that
   * {@code tornado.panama.objectHeader} sets: without this the hidden states were off by 0.9.
   */
  static final int SHIFT = (int) ((TornadoNativeArray.ARRAY_HEADER - 16) / Short.BYTES);

  private HalfPairKernels() {}

  /** LayerNorm that reads a row once; a work group a row, an even number of columns. */
  static void layerNorm(
      KernelContext context,
      HalfFloatArray x,
      FloatArray weight,
      FloatArray bias,
      HalfFloatArray out,
      int columns,
      float eps) {
    int thread = context.localIdx;
    int warp = thread / WARP;
    int base = context.groupIdx * columns;
    float[] sums = context.allocateFloatLocalArray(2 * WARPS);
    float[] kept = new float[2 * KEPT];
    float[] scale = new float[2 * KEPT];
    float[] shift = new float[2 * KEPT];
    float sum = 0f;
    for (int k = 0; k < KEPT; k++) {
      int c = 2 * (thread + k * THREADS);
      kept[2 * k] = 0f;
      kept[2 * k + 1] = 0f;
      if (c < columns) {
        Half2 pair = x.getHalf2(SHIFT + base + c);
        float low = Half2.lowFloat(pair);
        float high = Half2.highFloat(pair);
        kept[2 * k] = low;
        kept[2 * k + 1] = high;
        sum += low + high;
      }
    }
    // Read before the threads wait for each other, they come in the meantime.
    for (int k = 0; k < KEPT; k++) {
      int c = 2 * (thread + k * THREADS);
      if (c < columns) {
        scale[2 * k] = weight.get(c);
        scale[2 * k + 1] = weight.get(c + 1);
        shift[2 * k] = bias.get(c);
        shift[2 * k + 1] = bias.get(c + 1);
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
    for (int k = 0; k < KEPT; k++) {
      if (2 * (thread + k * THREADS) < columns) {
        float low = kept[2 * k] - mean;
        float high = kept[2 * k + 1] - mean;
        squares += low * low + high * high;
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
    for (int k = 0; k < KEPT; k++) {
      int c = 2 * (thread + k * THREADS);
      if (c < columns) {
        float low = (kept[2 * k] - mean) * inverse * scale[2 * k] + shift[2 * k];
        float high = (kept[2 * k + 1] - mean) * inverse * scale[2 * k + 1] + shift[2 * k + 1];
        out.setHalf2(SHIFT + base + c, Half2.fromFloats(low, high));
      }
    }
  }

  /** {@code x = activation(x)}, in place; a thread one pair of either half of the array. */
  static void activation(KernelContext context, HalfFloatArray x, int activation, int half) {
    int i = 2 * context.globalIdx;
    if (i < half) {
      Half2 first = x.getHalf2(SHIFT + i);
      Half2 second = x.getHalf2(SHIFT + i + half);
      float a = DeviceMath.activateHalf(activation, Half2.lowFloat(first));
      float b = DeviceMath.activateHalf(activation, Half2.highFloat(first));
      float c = DeviceMath.activateHalf(activation, Half2.lowFloat(second));
      float d = DeviceMath.activateHalf(activation, Half2.highFloat(second));
      x.setHalf2(SHIFT + i, Half2.fromFloats(a, b));
      x.setHalf2(SHIFT + i + half, Half2.fromFloats(c, d));
    }
  }
}
