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
  /** Keys at most: what the threads of a warp keep of a row of scores. */
  public static final int LARGEST_KEYS = 2048;

  /** Threads of a work group of {@link #WEIGHTS} and {@link #SLOPES}. */
  public static final int THREADS = 128;

  /** Numbers side by side that share a block of random words, or that a thread copies. */
  public static final int QUAD = 4;

  private static final int WARP = 32;

  /** Rows of a work group of these two, a warp each. */
  public static final int ROWS = THREADS / WARP;

  private static final int KEPT = LARGEST_KEYS / WARP;
  private static final KernelContext CONTEXT = new KernelContext();

  /** integers, at, which rows, x, stride, column, out, heads, length, headDim, quads. */
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
                      (Integer) a[10]))
          .withSizes(1, 8, 10);

  /** {@link #PACK} of a rounded matrix. */
  public static final Kernel PACK_ROUNDED =
      new Kernel(
              "packRounded",
              (graph, task, a) ->
                  graph.task(
                      task,
                      DenseGradientKernels::packRounded,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (Integer) a[2],
                      (BFloat16Array) a[3],
                      (Integer) a[4],
                      (Integer) a[5],
                      (BFloat16Array) a[6],
                      (Integer) a[7],
                      (Integer) a[8],
                      (Integer) a[9],
                      (Integer) a[10]))
          .withSizes(1, 8, 10);

  /** integers, at, which rows, x, out, stride, column, heads, length, headDim, add, quads. */
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
                      (BFloat16Array) a[3],
                      (FloatArray) a[4],
                      (Integer) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (Integer) a[8],
                      (Integer) a[9],
                      (Integer) a[10],
                      (Integer) a[11]))
          .withSizes(1, 8, 11);

  /** {@link #UNPACK} to a rounded matrix, without adding: no add among the arguments. */
  public static final Kernel UNPACK_ROUNDED =
      new Kernel(
              "unpackRounded",
              (graph, task, a) ->
                  graph.task(
                      task,
                      DenseGradientKernels::unpackRounded,
                      CONTEXT,
                      (IntArray) a[0],
                      (Integer) a[1],
                      (Integer) a[2],
                      (BFloat16Array) a[3],
                      (BFloat16Array) a[4],
                      (Integer) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (Integer) a[8],
                      (Integer) a[9],
                      (Integer) a[10]))
          .withSizes(1, 8, 10);

  /** integers, at, mask at, scores, words, heads, queries, keys. */
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
                      (BFloat16Array) a[3],
                      (IntArray) a[4],
                      (Integer) a[5],
                      (Integer) a[6],
                      (Integer) a[7]))
          .withSizes(1, 2, 6);

  /** integers, at, mask at, scores, weights' gradients, words, heads, queries, keys. */
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
                      (BFloat16Array) a[3],
                      (BFloat16Array) a[4],
                      (IntArray) a[5],
                      (Integer) a[6],
                      (Integer) a[7],
                      (Integer) a[8]))
          .withSizes(1, 2, 7);

  /** Which rows of a sequence {@link #PACK} and {@link #UNPACK} take: queries' or keys'. */
  public static final int OF_QUERIES = AttentionGradientTiles.FIRST_QUERY;

  public static final int OF_KEYS = AttentionGradientTiles.FIRST_KEY;

  private DenseGradientKernels() {}

  /** Rows of a matrix to blocks; a thread four elements of the blocks. */
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
      int quads) {
    int i = context.globalIdx;
    if (i < quads) {
      int d = i % (headDim / QUAD) * QUAD;
      int line = i / (headDim / QUAD);
      int place = line % length;
      int block = line / length;
      int head = block % heads;
      int sequence = at + block / heads * AttentionGradientTiles.INTEGERS + which;
      if (place < integers.get(sequence + 1)) {
        int from = (integers.get(sequence) + place) * stride + column + head * headDim + d;
        for (int j = 0; j < QUAD; j++) {
          out.set(QUAD * i + j, BFloat16.bf16FromFloat(x.get(from + j)));
        }
      } else {
        for (int j = 0; j < QUAD; j++) {
          out.set(QUAD * i + j, BFloat16.bf16FromFloat(0f));
        }
      }
    }
  }

  /** {@link #packRows} of a rounded matrix. */
  static void packRounded(
      KernelContext context,
      IntArray integers,
      int at,
      int which,
      BFloat16Array x,
      int stride,
      int column,
      BFloat16Array out,
      int heads,
      int length,
      int headDim,
      int quads) {
    int i = context.globalIdx;
    if (i < quads) {
      int d = i % (headDim / QUAD) * QUAD;
      int line = i / (headDim / QUAD);
      int place = line % length;
      int block = line / length;
      int head = block % heads;
      int sequence = at + block / heads * AttentionGradientTiles.INTEGERS + which;
      if (place < integers.get(sequence + 1)) {
        int from = (integers.get(sequence) + place) * stride + column + head * headDim + d;
        for (int j = 0; j < QUAD; j++) {
          out.set(QUAD * i + j, x.get(from + j));
        }
      } else {
        for (int j = 0; j < QUAD; j++) {
          out.set(QUAD * i + j, BFloat16.bf16FromFloat(0f));
        }
      }
    }
  }

  /** Blocks to the rows of a matrix; a thread four elements of the blocks. */
  static void unpackRows(
      KernelContext context,
      IntArray integers,
      int at,
      int which,
      BFloat16Array x,
      FloatArray out,
      int stride,
      int column,
      int heads,
      int length,
      int headDim,
      int add,
      int quads) {
    int i = context.globalIdx;
    if (i < quads) {
      int d = i % (headDim / QUAD) * QUAD;
      int line = i / (headDim / QUAD);
      int place = line % length;
      int block = line / length;
      int head = block % heads;
      int sequence = at + block / heads * AttentionGradientTiles.INTEGERS + which;
      if (place < integers.get(sequence + 1)) {
        int target = (integers.get(sequence) + place) * stride + column + head * headDim + d;
        if (add == 1) {
          for (int j = 0; j < QUAD; j++) {
            float value = BFloat16.bf16ToFloat(x.get(QUAD * i + j));
            out.set(target + j, out.get(target + j) + value);
          }
        } else {
          for (int j = 0; j < QUAD; j++) {
            out.set(target + j, BFloat16.bf16ToFloat(x.get(QUAD * i + j)));
          }
        }
      }
    }
  }

  /** {@link #unpackRows} to a rounded matrix. */
  static void unpackRounded(
      KernelContext context,
      IntArray integers,
      int at,
      int which,
      BFloat16Array x,
      BFloat16Array out,
      int stride,
      int column,
      int heads,
      int length,
      int headDim,
      int quads) {
    int i = context.globalIdx;
    if (i < quads) {
      int d = i % (headDim / QUAD) * QUAD;
      int line = i / (headDim / QUAD);
      int place = line % length;
      int block = line / length;
      int head = block % heads;
      int sequence = at + block / heads * AttentionGradientTiles.INTEGERS + which;
      if (place < integers.get(sequence + 1)) {
        int target = (integers.get(sequence) + place) * stride + column + head * headDim + d;
        for (int j = 0; j < QUAD; j++) {
          out.set(target + j, x.get(QUAD * i + j));
        }
      }
    }
  }

  /** Softmax of a row of scores, times the mask of dropout, in its place; a warp a row. */
  static void attentionWeights(
      KernelContext context,
      IntArray integers,
      int at,
      int maskAt,
      BFloat16Array scores,
      IntArray words,
      int heads,
      int queries,
      int keys) {
    int lane = context.localIdx % WARP;
    int row = context.groupIdx * ROWS + context.localIdx / WARP;
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
    int used = (keys + WARP * QUAD - 1) / (WARP * QUAD);
    float[] kept = new float[KEPT];
    float max = DeviceMath.MASKED;
    for (int k = 0; k < used; k++) {
      for (int j = 0; j < QUAD; j++) {
        int key = (k * WARP + lane) * QUAD + j;
        // Read whether seen or not, which takes fewer registers than a branch around it.
        float score = BFloat16.bf16ToFloat(scores.get(base + TornadoMath.min(key, keys - 1)));
        score = key < seen ? score : DeviceMath.MASKED;
        if (maskAt >= 0) {
          if (key < seen) {
            if (integers.get(maskAt + firstKey + key) == 0) {
              score = DeviceMath.MASKED;
            }
          }
        }
        kept[k * QUAD + j] = score;
        max = TornadoMath.max(max, score);
      }
    }
    long bits = 0;
    for (int k = 0; k < used; k++) {
      int first = (k * WARP + lane) * QUAD;
      if (first < seen) {
        long some = DropoutWords.kept(words, position + first) & 15;
        bits = bits | some << (k * QUAD);
      }
    }
    max = TornadoMath.max(max, context.simdShuffleDown(max, 16));
    max = TornadoMath.max(max, context.simdShuffleDown(max, 8));
    max = TornadoMath.max(max, context.simdShuffleDown(max, 4));
    max = TornadoMath.max(max, context.simdShuffleDown(max, 2));
    max = TornadoMath.max(max, context.simdShuffleDown(max, 1));
    max = context.simdBroadcastFirst(max);
    float part = 0f;
    for (int k = 0; k < used; k++) {
      for (int j = 0; j < QUAD; j++) {
        float exponential = TornadoMath.exp(kept[k * QUAD + j] - max);
        exponential = (k * WARP + lane) * QUAD + j < seen ? exponential : 0f;
        kept[k * QUAD + j] = exponential;
        part += exponential;
      }
    }
    float sum = context.simdSum(part);
    float scale = 0f;
    if (sum > 0f) {
      scale = DropoutWords.scale(words) / sum;
    }
    for (int k = 0; k < used; k++) {
      for (int j = 0; j < QUAD; j++) {
        int key = (k * WARP + lane) * QUAD + j;
        float weight = ((bits >> (k * QUAD + j)) & 1) == 1 ? kept[k * QUAD + j] * scale : 0f;
        if (key < keys) {
          scores.set(base + key, BFloat16.bf16FromFloat(weight));
        }
      }
    }
  }

  /**
   * The weights again, in the place of the scores, and in the place of their gradients those of the
   * scores: with {@code P} the softmax, {@code m} the mask and {@code G} the gradients of the
   * weights, {@code P ⊙ (m ⊙ G − Σ P ⊙ m ⊙ G)}; a warp a row.
   */
  static void attentionSlopes(
      KernelContext context,
      IntArray integers,
      int at,
      int maskAt,
      BFloat16Array scores,
      BFloat16Array gradients,
      IntArray words,
      int heads,
      int queries,
      int keys) {
    int lane = context.localIdx % WARP;
    int row = context.groupIdx * ROWS + context.localIdx / WARP;
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
    int used = (keys + WARP * QUAD - 1) / (WARP * QUAD);
    float[] kept = new float[KEPT];
    float[] products = new float[KEPT];
    float max = DeviceMath.MASKED;
    for (int k = 0; k < used; k++) {
      for (int j = 0; j < QUAD; j++) {
        int key = (k * WARP + lane) * QUAD + j;
        // Read whether seen or not, which takes fewer registers than a branch around it.
        int place = base + TornadoMath.min(key, keys - 1);
        float score = BFloat16.bf16ToFloat(scores.get(place));
        float gradient = BFloat16.bf16ToFloat(gradients.get(place));
        score = key < seen ? score : DeviceMath.MASKED;
        gradient = key < seen ? gradient : 0f;
        if (maskAt >= 0) {
          if (key < seen) {
            if (integers.get(maskAt + firstKey + key) == 0) {
              score = DeviceMath.MASKED;
            }
          }
        }
        kept[k * QUAD + j] = score;
        products[k * QUAD + j] = gradient;
        max = TornadoMath.max(max, score);
      }
    }
    long bits = 0;
    for (int k = 0; k < used; k++) {
      int first = (k * WARP + lane) * QUAD;
      if (first < seen) {
        long some = DropoutWords.kept(words, position + first) & 15;
        bits = bits | some << (k * QUAD);
      }
    }
    max = TornadoMath.max(max, context.simdShuffleDown(max, 16));
    max = TornadoMath.max(max, context.simdShuffleDown(max, 8));
    max = TornadoMath.max(max, context.simdShuffleDown(max, 4));
    max = TornadoMath.max(max, context.simdShuffleDown(max, 2));
    max = TornadoMath.max(max, context.simdShuffleDown(max, 1));
    max = context.simdBroadcastFirst(max);
    float part = 0f;
    float product = 0f;
    for (int k = 0; k < used; k++) {
      for (int j = 0; j < QUAD; j++) {
        float exponential = TornadoMath.exp(kept[k * QUAD + j] - max);
        exponential = (k * WARP + lane) * QUAD + j < seen ? exponential : 0f;
        float gradient = ((bits >> (k * QUAD + j)) & 1) == 1 ? products[k * QUAD + j] : 0f;
        kept[k * QUAD + j] = exponential;
        products[k * QUAD + j] = gradient;
        part += exponential;
        product += exponential * gradient;
      }
    }
    float sum = context.simdSum(part);
    float scale = DropoutWords.scale(words);
    float inverse = 0f;
    if (sum > 0f) {
      inverse = 1f / sum;
    }
    float mean = context.simdSum(product) * scale * inverse;
    for (int k = 0; k < used; k++) {
      for (int j = 0; j < QUAD; j++) {
        int key = (k * WARP + lane) * QUAD + j;
        float probability = kept[k * QUAD + j] * inverse;
        float slope = probability * (products[k * QUAD + j] * scale - mean);
        float weight = ((bits >> (k * QUAD + j)) & 1) == 1 ? probability * scale : 0f;
        if (key < keys) {
          gradients.set(base + key, BFloat16.bf16FromFloat(slope));
          scores.set(base + key, BFloat16.bf16FromFloat(weight));
        }
      }
    }
  }
}
