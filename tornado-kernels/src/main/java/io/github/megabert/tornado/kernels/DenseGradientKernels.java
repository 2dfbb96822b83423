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
 * What stands between the products of attention in training, in bfloat16. Sequences are padded to
 * one length, a block {@code [length, headDim]} a sequence and head; a sequence has the integers of
 * {@link AttentionGradientTiles}. The numbers of a block that belong to no row are zeros.
 */
public final class DenseGradientKernels {
  /** Keys at most: what the threads of a work group keep of a row of scores. */
  public static final int LARGEST_KEYS = 2048;

  /** Threads of a work group of {@link #WEIGHTS} and {@link #SLOPES}. */
  public static final int THREADS = 128;

  /** Keys of a thread that lie side by side, and share a block of random words. */
  private static final int QUAD = 4;

  private static final int KEPT = LARGEST_KEYS / THREADS;
  private static final KernelContext CONTEXT = new KernelContext();

  /** integers, at, which rows, x, stride, column, out, heads, length, headDim, count. */
  public static final Kernel PACK =
      new Kernel(
          "packRows",
          (graph, task, a) ->
              graph.task(
                  task,
                  DenseGradientKernels::packRows,
                  CONTEXT,
                  (IntArray) a[0],
                  (Integer) a[1],
                  (Integer) a[2],
                  (FloatArray) a[3],
                  (Integer) a[4],
                  (Integer) a[5],
                  (BFloat16Array) a[6],
                  (Integer) a[7],
                  (Integer) a[8],
                  (Integer) a[9],
                  (Integer) a[10]));

  /** integers, at, which rows, x, out, stride, column, heads, length, headDim, add, count. */
  public static final Kernel UNPACK =
      new Kernel(
          "unpackRows",
          (graph, task, a) ->
              graph.task(
                  task,
                  DenseGradientKernels::unpackRows,
                  CONTEXT,
                  (IntArray) a[0],
                  (Integer) a[1],
                  (Integer) a[2],
                  (FloatArray) a[3],
                  (FloatArray) a[4],
                  (Integer) a[5],
                  (Integer) a[6],
                  (Integer) a[7],
                  (Integer) a[8],
                  (Integer) a[9],
                  (Integer) a[10],
                  (Integer) a[11]));

  /** integers, at, mask at, scores, words, weights, heads, queries, keys. */
  public static final Kernel WEIGHTS =
      new Kernel(
          "attentionWeights",
          (graph, task, a) ->
              graph.task(
                  task,
                  DenseGradientKernels::attentionWeights,
                  CONTEXT,
                  (IntArray) a[0],
                  (Integer) a[1],
                  (Integer) a[2],
                  (FloatArray) a[3],
                  (FloatArray) a[4],
                  (BFloat16Array) a[5],
                  (Integer) a[6],
                  (Integer) a[7],
                  (Integer) a[8]));

  /**
   * integers, at, mask at, scores, weights' gradients, words, weights, slopes, heads, queries,
   * keys.
   */
  public static final Kernel SLOPES =
      new Kernel(
          "attentionSlopes",
          (graph, task, a) ->
              graph.task(
                  task,
                  DenseGradientKernels::attentionSlopes,
                  CONTEXT,
                  (IntArray) a[0],
                  (Integer) a[1],
                  (Integer) a[2],
                  (FloatArray) a[3],
                  (FloatArray) a[4],
                  (FloatArray) a[5],
                  (BFloat16Array) a[6],
                  (BFloat16Array) a[7],
                  (Integer) a[8],
                  (Integer) a[9],
                  (Integer) a[10]));

  /** Which rows of a sequence {@link #PACK} and {@link #UNPACK} take: queries' or keys'. */
  public static final int OF_QUERIES = AttentionGradientTiles.FIRST_QUERY;

  public static final int OF_KEYS = AttentionGradientTiles.FIRST_KEY;

  private DenseGradientKernels() {}

  /** Rows of a matrix to blocks; a thread an element of the blocks. */
  static void packRows(
      KernelContext context,
      IntArray integers,
      int at,
      int which,
      FloatArray x,
      int stride,
      int column,
      BFloat16Array out,
      int heads,
      int length,
      int headDim,
      int count) {
    int i = context.globalIdx;
    if (i < count) {
      int d = i % headDim;
      int line = i / headDim;
      int place = line % length;
      int block = line / length;
      int head = block % heads;
      int sequence = at + block / heads * AttentionGradientTiles.INTEGERS + which;
      float value = 0f;
      if (place < integers.get(sequence + 1)) {
        value = x.get((integers.get(sequence) + place) * stride + column + head * headDim + d);
      }
      out.set(i, BFloat16.bf16FromFloat(value));
    }
  }

  /** Blocks to the rows of a matrix; a thread an element of the blocks. */
  static void unpackRows(
      KernelContext context,
      IntArray integers,
      int at,
      int which,
      FloatArray x,
      FloatArray out,
      int stride,
      int column,
      int heads,
      int length,
      int headDim,
      int add,
      int count) {
    int i = context.globalIdx;
    if (i < count) {
      int d = i % headDim;
      int line = i / headDim;
      int place = line % length;
      int block = line / length;
      int head = block % heads;
      int sequence = at + block / heads * AttentionGradientTiles.INTEGERS + which;
      if (place < integers.get(sequence + 1)) {
        int target = (integers.get(sequence) + place) * stride + column + head * headDim + d;
        float value = x.get(i);
        if (add == 1) {
          value = value + out.get(target);
        }
        out.set(target, value);
      }
    }
  }

  /** Softmax of a row of scores, times the mask of dropout; a work group a row. */
  static void attentionWeights(
      KernelContext context,
      IntArray integers,
      int at,
      int maskAt,
      FloatArray scores,
      FloatArray words,
      BFloat16Array weights,
      int heads,
      int queries,
      int keys) {
    int thread = context.localIdx;
    int row = context.groupIdx;
    int query = row % queries;
    int block = row / queries;
    int head = block % heads;
    int sequence = at + block / heads * AttentionGradientTiles.INTEGERS;
    int queryCount = integers.get(sequence + AttentionGradientTiles.QUERIES);
    int firstKey = integers.get(sequence + AttentionGradientTiles.FIRST_KEY);
    int keyCount = integers.get(sequence + AttentionGradientTiles.KEYS);
    int seen = 0;
    if (query < queryCount) {
      int visible = integers.get(sequence + AttentionGradientTiles.VISIBLE) + query;
      seen = TornadoMath.min(keyCount, visible);
    }
    long position =
        DropoutWords.word64(
            integers.get(sequence + AttentionGradientTiles.POSITION_LOW),
            integers.get(sequence + AttentionGradientTiles.POSITION_HIGH));
    position = position + ((long) head * queryCount + query) * keyCount;
    int base = row * keys;
    int used = (keys + QUAD * THREADS - 1) / (QUAD * THREADS) * QUAD;
    float[] partial = context.allocateFloatLocalArray(THREADS);
    float[] kept = new float[KEPT];
    float max = DeviceMath.MASKED;
    for (int k = 0; k < used; k++) {
      int key = (k / QUAD * THREADS + thread) * QUAD + k % QUAD;
      kept[k] = DeviceMath.MASKED;
      if (key < seen) {
        float score = scores.get(base + key);
        if (maskAt >= 0) {
          if (integers.get(maskAt + firstKey + key) == 0) {
            score = DeviceMath.MASKED;
          }
        }
        kept[k] = score;
        max = TornadoMath.max(max, score);
      }
    }
    partial[thread] = max;
    context.localBarrier();
    for (int half = THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = TornadoMath.max(partial[thread], partial[thread + half]);
      }
      context.localBarrier();
    }
    max = partial[0];
    context.localBarrier();
    float sum = 0f;
    for (int k = 0; k < used; k++) {
      int key = (k / QUAD * THREADS + thread) * QUAD + k % QUAD;
      if (key < seen) {
        kept[k] = TornadoMath.exp(kept[k] - max);
        sum += kept[k];
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
    sum = partial[0];
    float inverse = 0f;
    if (sum > 0f) {
      inverse = 1f / sum;
    }
    for (int quad = 0; quad < used / QUAD; quad++) {
      int first = (quad * THREADS + thread) * QUAD;
      if (first < keys) {
        int bits = DropoutWords.kept(words, position + first);
        float scale = inverse * DropoutWords.scale(words);
        for (int j = 0; j < QUAD; j++) {
          int key = first + j;
          float weight = 0f;
          if (key < seen && ((bits >> j) & 1) == 1) {
            weight = kept[quad * QUAD + j] * scale;
          }
          if (key < keys) {
            weights.set(base + key, BFloat16.bf16FromFloat(weight));
          }
        }
      }
    }
  }

  /**
   * The weights again, and the gradients of the scores: with {@code P} the softmax, {@code m} the
   * mask and {@code G} the gradients of the weights, {@code P ⊙ (m ⊙ G − Σ P ⊙ m ⊙ G)}; a work
   * group a row.
   */
  static void attentionSlopes(
      KernelContext context,
      IntArray integers,
      int at,
      int maskAt,
      FloatArray scores,
      FloatArray gradients,
      FloatArray words,
      BFloat16Array weights,
      BFloat16Array slopes,
      int heads,
      int queries,
      int keys) {
    int thread = context.localIdx;
    int row = context.groupIdx;
    int query = row % queries;
    int block = row / queries;
    int head = block % heads;
    int sequence = at + block / heads * AttentionGradientTiles.INTEGERS;
    int queryCount = integers.get(sequence + AttentionGradientTiles.QUERIES);
    int firstKey = integers.get(sequence + AttentionGradientTiles.FIRST_KEY);
    int keyCount = integers.get(sequence + AttentionGradientTiles.KEYS);
    int seen = 0;
    if (query < queryCount) {
      int visible = integers.get(sequence + AttentionGradientTiles.VISIBLE) + query;
      seen = TornadoMath.min(keyCount, visible);
    }
    long position =
        DropoutWords.word64(
            integers.get(sequence + AttentionGradientTiles.POSITION_LOW),
            integers.get(sequence + AttentionGradientTiles.POSITION_HIGH));
    position = position + ((long) head * queryCount + query) * keyCount;
    int base = row * keys;
    int used = (keys + QUAD * THREADS - 1) / (QUAD * THREADS) * QUAD;
    float[] partial = context.allocateFloatLocalArray(THREADS);
    float[] others = context.allocateFloatLocalArray(THREADS);
    float[] kept = new float[KEPT];
    float[] products = new float[KEPT];
    float[] factors = new float[KEPT];
    float max = DeviceMath.MASKED;
    for (int k = 0; k < used; k++) {
      int key = (k / QUAD * THREADS + thread) * QUAD + k % QUAD;
      kept[k] = DeviceMath.MASKED;
      products[k] = 0f;
      factors[k] = 0f;
      if (key < seen) {
        float score = scores.get(base + key);
        if (maskAt >= 0) {
          if (integers.get(maskAt + firstKey + key) == 0) {
            score = DeviceMath.MASKED;
          }
        }
        kept[k] = score;
        products[k] = gradients.get(base + key);
        max = TornadoMath.max(max, score);
      }
    }
    partial[thread] = max;
    context.localBarrier();
    for (int half = THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = TornadoMath.max(partial[thread], partial[thread + half]);
      }
      context.localBarrier();
    }
    max = partial[0];
    context.localBarrier();
    float scale = DropoutWords.scale(words);
    float sum = 0f;
    float dot = 0f;
    for (int quad = 0; quad < used / QUAD; quad++) {
      int first = (quad * THREADS + thread) * QUAD;
      if (first < seen) {
        int bits = DropoutWords.kept(words, position + first);
        for (int j = 0; j < QUAD; j++) {
          int k = quad * QUAD + j;
          if (first + j < seen) {
            float part = TornadoMath.exp(kept[k] - max);
            float factor = 0f;
            if (((bits >> j) & 1) == 1) {
              factor = scale;
            }
            products[k] = products[k] * factor;
            kept[k] = part;
            factors[k] = factor;
            sum += part;
            dot += part * products[k];
          }
        }
      }
    }
    partial[thread] = sum;
    others[thread] = dot;
    context.localBarrier();
    for (int half = THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
        others[thread] = others[thread] + others[thread + half];
      }
      context.localBarrier();
    }
    sum = partial[0];
    float inverse = 0f;
    if (sum > 0f) {
      inverse = 1f / sum;
    }
    float mean = others[0] * inverse;
    for (int k = 0; k < used; k++) {
      int key = (k / QUAD * THREADS + thread) * QUAD + k % QUAD;
      if (key < keys) {
        float slope = 0f;
        float weight = 0f;
        if (key < seen) {
          float probability = kept[k] * inverse;
          slope = probability * (products[k] - mean);
          weight = probability * factors[k];
        }
        slopes.set(base + key, BFloat16.bf16FromFloat(slope));
        weights.set(base + key, BFloat16.bf16FromFloat(weight));
      }
    }
  }
}
