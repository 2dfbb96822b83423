// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * The norm of all gradients, and AdamW. A model has some hundred vectors of a few thousand numbers,
 * for each of which starting a kernel would take longer than computing: a kernel takes several.
 *
 * <p>What is done with the norm stays on the device: {@code clip} holds the sum of all squares, and
 * the factor of gradients that comes of it, or {@link #SKIP}.
 */
public final class OptimizerKernels {
  /** Threads of a work group. */
  public static final int THREADS = 256;

  /** Work groups that sum up squares, at most. */
  public static final int NORM_GROUPS = 512;

  /** Numbers that are worth a work group of {@link #squares}. */
  public static final int SQUARES_PER_GROUP = 1 << 12;

  /** Vectors whose squares a kernel sums, a work group each. */
  public static final int SUMMED = 8;

  /** Numbers that a thread of {@link #adamW} updates. */
  public static final int PER_THREAD = 4;

  /** Numbers that a work group of {@link #adamW} updates. */
  public static final int PER_GROUP = PER_THREAD * THREADS;

  /** Vectors that a kernel updates. */
  public static final int UPDATED = 4;

  /** Numbers of a step: see {@link #adamW}. */
  public static final int STEP_NUMBERS = 9;

  /** The factor where the norm is not finite: nothing is updated. */
  static final double SKIP = -1;

  private OptimizerKernels() {}

  /**
   * Sums of squares in double, one a work group, of numbers {@code first … first + count − 1}.
   *
   * @param groups work groups that share the numbers
   * @param add whether to add to the sums of the matrix before, 0 or 1
   */
  static void squares(
      KernelContext context,
      FloatArray x,
      DoubleArray sums,
      int first,
      int count,
      int groups,
      int add) {
    int thread = context.localIdx;
    int group = context.groupIdx;
    double[] partial = context.allocateDoubleLocalArray(THREADS);
    double sum = 0;
    if (group < groups) {
      for (int i = group * THREADS + thread; i < count; i += groups * THREADS) {
        double value = x.get(first + i);
        sum += value * value;
      }
    }
    partial[thread] = sum;
    context.localBarrier();
    for (int half = THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
      }
      context.localBarrier();
    }
    if (thread == 0) {
      double all = partial[0];
      if (add == 1) {
        all = all + sums.get(group);
      }
      sums.set(group, all);
    }
  }

  /**
   * Sums of squares of {@link #SUMMED} vectors, a work group each, into as many sums.
   *
   * @param numbers first element and count of each; a count of 0 where there are fewer
   * @param add whether to add to the sums before, 0 or 1
   */
  @SuppressWarnings("IfChainToSwitch") // No kernel of ours has one: not every driver compiles it.
  static void squaresOfVectors(
      KernelContext context,
      FloatArray numbers,
      DoubleArray sums,
      FloatArray x0,
      FloatArray x1,
      FloatArray x2,
      FloatArray x3,
      FloatArray x4,
      FloatArray x5,
      FloatArray x6,
      FloatArray x7,
      int add) {
    int thread = context.localIdx;
    int group = context.groupIdx;
    double[] partial = context.allocateDoubleLocalArray(THREADS);
    int from = (int) numbers.get(2 * group) + thread;
    int end = from - thread + (int) numbers.get(2 * group + 1);
    double sum = 0;
    if (group == 0) {
      sum = squares(x0, from, end);
    } else if (group == 1) {
      sum = squares(x1, from, end);
    } else if (group == 2) {
      sum = squares(x2, from, end);
    } else if (group == 3) {
      sum = squares(x3, from, end);
    } else if (group == 4) {
      sum = squares(x4, from, end);
    } else if (group == 5) {
      sum = squares(x5, from, end);
    } else if (group == 6) {
      sum = squares(x6, from, end);
    } else if (group == 7) {
      sum = squares(x7, from, end);
    }
    partial[thread] = sum;
    context.localBarrier();
    for (int half = THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
      }
      context.localBarrier();
    }
    if (thread == 0) {
      double all = partial[0];
      if (add == 1) {
        all = all + sums.get(group);
      }
      sums.set(group, all);
    }
  }

  private static double squares(FloatArray x, int from, int end) {
    double sum = 0;
    for (int i = from; i < end; i += THREADS) {
      double value = x.get(i);
      sum += value * value;
    }
    return sum;
  }

  /**
   * Adds up the sums, and finds the factor by which gradients are clipped; one work group.
   *
   * @param numbers the largest norm, 0 for any, and what is added to the norm
   * @param count of the sums
   */
  static void clip(
      KernelContext context, FloatArray numbers, DoubleArray sums, DoubleArray clip, int count) {
    int thread = context.localIdx;
    double[] partial = context.allocateDoubleLocalArray(THREADS);
    double sum = 0;
    for (int i = thread; i < count; i += THREADS) {
      sum += sums.get(i);
    }
    partial[thread] = sum;
    context.localBarrier();
    for (int half = THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
      }
      context.localBarrier();
    }
    if (thread == 0) {
      double all = partial[0];
      double factor = SKIP;
      // Neither of NaN nor of infinity; "not larger" is true of NaN on some devices.
      if (all * 0 == 0) {
        factor = 1;
        double largest = numbers.get(0);
        double norm = TornadoMath.sqrt(all) + numbers.get(1);
        if (largest > 0 && largest < norm) {
          factor = largest / norm;
        }
      }
      clip.set(0, all);
      clip.set(1, factor);
    }
  }

  /** Clips nothing; one thread. */
  static void unclipped(KernelContext context, DoubleArray clip) {
    if (context.globalIdx == 0) {
      clip.set(0, 0);
      clip.set(1, 1);
    }
  }

  /**
   * AdamW on elements {@code first … first + count − 1}; a thread has {@link #PER_THREAD}, and
   * reads all of them before it writes one, so that they come at once.
   *
   * @param numbers gradient scale, β₁, 1 − β₁, β₂, 1 − β₂, 1/(1 − β₂ˢᵗᵉᵖ), rate/(1 − β₁ˢᵗᵉᵖ), eps,
   *     1 − rate · decay
   * @param clip see {@link #clip}
   * @param offset added to the index of the value and its gradient, where the moments are those of
   *     some rows alone
   */
  static void adamW(
      KernelContext context,
      FloatArray numbers,
      DoubleArray clip,
      FloatArray value,
      FloatArray gradient,
      FloatArray firstMoment,
      FloatArray secondMoment,
      int first,
      int count,
      int offset) {
    float factor = (float) clip.get(1);
    int from = context.groupIdx * PER_GROUP + context.localIdx;
    if (factor >= 0f) {
      float scale = numbers.get(0) * factor;
      if (from + 3 * THREADS < count) {
        int i = first + from;
        int at = offset + i;
        float g0 = scale * gradient.get(at);
        float g1 = scale * gradient.get(at + THREADS);
        float g2 = scale * gradient.get(at + 2 * THREADS);
        float g3 = scale * gradient.get(at + 3 * THREADS);
        float m0 = numbers.get(1) * firstMoment.get(i) + numbers.get(2) * g0;
        float m1 = numbers.get(1) * firstMoment.get(i + THREADS) + numbers.get(2) * g1;
        float m2 = numbers.get(1) * firstMoment.get(i + 2 * THREADS) + numbers.get(2) * g2;
        float m3 = numbers.get(1) * firstMoment.get(i + 3 * THREADS) + numbers.get(2) * g3;
        float v0 = numbers.get(3) * secondMoment.get(i) + numbers.get(4) * g0 * g0;
        float v1 = numbers.get(3) * secondMoment.get(i + THREADS) + numbers.get(4) * g1 * g1;
        float v2 = numbers.get(3) * secondMoment.get(i + 2 * THREADS) + numbers.get(4) * g2 * g2;
        float v3 = numbers.get(3) * secondMoment.get(i + 3 * THREADS) + numbers.get(4) * g3 * g3;
        float x0 = updated(numbers, value.get(at), m0, v0);
        float x1 = updated(numbers, value.get(at + THREADS), m1, v1);
        float x2 = updated(numbers, value.get(at + 2 * THREADS), m2, v2);
        float x3 = updated(numbers, value.get(at + 3 * THREADS), m3, v3);
        firstMoment.set(i, m0);
        firstMoment.set(i + THREADS, m1);
        firstMoment.set(i + 2 * THREADS, m2);
        firstMoment.set(i + 3 * THREADS, m3);
        secondMoment.set(i, v0);
        secondMoment.set(i + THREADS, v1);
        secondMoment.set(i + 2 * THREADS, v2);
        secondMoment.set(i + 3 * THREADS, v3);
        value.set(at, x0);
        value.set(at + THREADS, x1);
        value.set(at + 2 * THREADS, x2);
        value.set(at + 3 * THREADS, x3);
      } else {
        for (int e = from; e < count; e += THREADS) {
          int i = first + e;
          update(numbers, scale, value, gradient, firstMoment, secondMoment, i, offset + i);
        }
      }
    }
  }

  /**
   * AdamW on {@link #UPDATED} vectors, a row of work groups and a thread an element each.
   *
   * @param numbers those of {@link #adamW}; then of each vector the first element of the moments,
   *     the count, and the first element of the value
   */
  static void adamWOfVectors(
      KernelContext context,
      FloatArray numbers,
      DoubleArray clip,
      FloatArray value0,
      FloatArray gradient0,
      FloatArray first0,
      FloatArray second0,
      FloatArray value1,
      FloatArray gradient1,
      FloatArray first1,
      FloatArray second1,
      FloatArray value2,
      FloatArray gradient2,
      FloatArray first2,
      FloatArray second2,
      FloatArray value3,
      FloatArray gradient3,
      FloatArray first3,
      FloatArray second3) {
    float factor = (float) clip.get(1);
    int vector = context.groupIdy;
    int element = context.groupIdx * THREADS + context.localIdx;
    int i = (int) numbers.get(STEP_NUMBERS + 3 * vector) + element;
    int at = (int) numbers.get(STEP_NUMBERS + 3 * vector + 2) + element;
    if (factor >= 0f && element < (int) numbers.get(STEP_NUMBERS + 3 * vector + 1)) {
      float scale = numbers.get(0) * factor;
      if (vector == 0) {
        update(numbers, scale, value0, gradient0, first0, second0, i, at);
      } else if (vector == 1) {
        update(numbers, scale, value1, gradient1, first1, second1, i, at);
      } else if (vector == 2) {
        update(numbers, scale, value2, gradient2, first2, second2, i, at);
      } else if (vector == 3) {
        update(numbers, scale, value3, gradient3, first3, second3, i, at);
      }
    }
  }

  private static void update(
      FloatArray numbers,
      float scale,
      FloatArray value,
      FloatArray gradient,
      FloatArray firstMoment,
      FloatArray secondMoment,
      int i,
      int at) {
    float g = scale * gradient.get(at);
    float m = numbers.get(1) * firstMoment.get(i) + numbers.get(2) * g;
    float v = numbers.get(3) * secondMoment.get(i) + numbers.get(4) * g * g;
    float x = updated(numbers, value.get(at), m, v);
    firstMoment.set(i, m);
    secondMoment.set(i, v);
    value.set(at, x);
  }

  private static float updated(FloatArray numbers, float value, float m, float v) {
    float root = TornadoMath.sqrt(v * numbers.get(5));
    return value * numbers.get(8) - m * numbers.get(6) / (root + numbers.get(7));
  }
}
