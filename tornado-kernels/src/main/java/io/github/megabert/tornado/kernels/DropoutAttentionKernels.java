// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Attention with dropout, in training, without stored scores (Dao et al. 2022, algorithm 2). A work
 * group takes a tile of {@link AttentionGradientTiles#SIZE} queries of one sequence and one head,
 * and {@link AttentionGradientTiles#WIDTH} of the head's columns, and walks over the tiles of keys.
 *
 * <p>In a tile's product of scores a thread has 2 queries and 4 keys, in a product with rows 4 rows
 * and 4 columns.
 */
final class DropoutAttentionKernels {
  private static final int SIZE = AttentionGradientTiles.SIZE;
  private static final int WIDTH = AttentionGradientTiles.WIDTH;
  private static final int THREADS = AttentionGradientTiles.THREADS;
  private static final int LINE = AttentionGradientTiles.LINE;
  private static final int SCORES = AttentionGradientTiles.SCORES;

  private DropoutAttentionKernels() {}

  /** Attention with dropout on the probabilities; tiles of queries. */
  static void attention(
      KernelContext context,
      IntArray integers,
      int tilesAt,
      int maskAt,
      FloatArray queries,
      int queryStride,
      int queryColumn,
      FloatArray keys,
      int keyStride,
      int keyColumn,
      FloatArray values,
      int valueStride,
      int valueColumn,
      FloatArray out,
      IntArray words,
      int heads,
      int headDim) {
    int thread = context.localIdx;
    int tile = tilesAt + context.groupIdx * AttentionGradientTiles.INTEGERS;
    int head = context.groupIdy % heads;
    int chunk = context.groupIdy / heads * WIDTH;
    int column = head * headDim;
    int queryCount = integers.get(tile + AttentionGradientTiles.QUERIES);
    int keyCount = integers.get(tile + AttentionGradientTiles.KEYS);
    int start = integers.get(tile + AttentionGradientTiles.START);
    int visible = integers.get(tile + AttentionGradientTiles.VISIBLE);
    int firstQuery = integers.get(tile + AttentionGradientTiles.FIRST_QUERY);
    int firstKey = integers.get(tile + AttentionGradientTiles.FIRST_KEY);
    long position =
        DropoutWords.word64(
            integers.get(tile + AttentionGradientTiles.POSITION_LOW),
            integers.get(tile + AttentionGradientTiles.POSITION_HIGH));
    position = position + (long) head * queryCount * keyCount;
    float scale = 1f / TornadoMath.sqrt(headDim);
    float[] left = context.allocateFloatLocalArray(SIZE * LINE);
    float[] right = context.allocateFloatLocalArray(SIZE * LINE);
    float[] scores = context.allocateFloatLocalArray(SIZE * SCORES);
    float[] rowMax = context.allocateFloatLocalArray(SIZE);
    float[] rowSum = context.allocateFloatLocalArray(SIZE);
    float[] rowShrink = context.allocateFloatLocalArray(SIZE);
    float[] dots = new float[8];
    float[] sums = new float[16];
    for (int i = 0; i < 16; i++) {
      sums[i] = 0f;
    }
    if (thread < SIZE) {
      rowMax[thread] = DeviceMath.MASKED;
      rowSum[thread] = 0f;
    }
    int row = thread / 8 * 2;
    int key = thread % 8 * 4;
    int outRow = thread / 16 * 4;
    int outColumn = thread % 16;
    for (int staged = 0; staged < keyCount; staged += SIZE) {
      for (int i = 0; i < 8; i++) {
        dots[i] = 0f;
      }
      for (int width = 0; width < headDim; width += WIDTH) {
        for (int i = thread; i < SIZE * WIDTH; i += THREADS) {
          int line = i / WIDTH;
          int d = i % WIDTH;
          float query = 0f;
          float other = 0f;
          if (width + d < headDim) {
            if (start + line < queryCount) {
              query =
                  queries.get(
                      (firstQuery + start + line) * queryStride + queryColumn + column + width + d);
            }
            if (staged + line < keyCount) {
              other =
                  keys.get((firstKey + staged + line) * keyStride + keyColumn + column + width + d);
            }
          }
          left[line * LINE + d] = query;
          right[line * LINE + d] = other;
        }
        context.localBarrier();
        for (int d = 0; d < WIDTH; d++) {
          float q0 = left[row * LINE + d];
          float q1 = left[(row + 1) * LINE + d];
          for (int c = 0; c < 4; c++) {
            float k = right[(key + c) * LINE + d];
            dots[c] = dots[c] + q0 * k;
            dots[4 + c] = dots[4 + c] + q1 * k;
          }
        }
        context.localBarrier();
      }
      for (int i = 0; i < 8; i++) {
        int other = staged + key + i % 4;
        float score = dots[i] * scale;
        if (maskAt >= 0 && other < keyCount) {
          if (integers.get(maskAt + firstKey + other) == 0) {
            score = DeviceMath.MASKED;
          }
        }
        scores[(row + i / 4) * SCORES + key + i % 4] = score;
      }
      context.localBarrier();
      if (thread < SIZE) {
        float before = rowMax[thread];
        float max = before;
        int seen = TornadoMath.min(keyCount, visible + start + thread) - staged;
        for (int j = 0; j < SIZE; j++) {
          if (j < seen) {
            max = TornadoMath.max(max, scores[thread * SCORES + j]);
          }
        }
        float total = 0f;
        for (int j = 0; j < SIZE; j++) {
          float weight = 0f;
          if (j < seen) {
            weight = TornadoMath.exp(scores[thread * SCORES + j] - max);
          }
          total += weight;
          scores[thread * SCORES + j] = weight;
        }
        float shrink = TornadoMath.exp(before - max);
        rowMax[thread] = max;
        rowShrink[thread] = shrink;
        rowSum[thread] = rowSum[thread] * shrink + total;
      }
      for (int i = thread; i < SIZE * WIDTH; i += THREADS) {
        int line = i / WIDTH;
        int d = i % WIDTH;
        float value = 0f;
        if (chunk + d < headDim && staged + line < keyCount) {
          value =
              values.get(
                  (firstKey + staged + line) * valueStride + valueColumn + column + chunk + d);
        }
        right[line * LINE + d] = value;
      }
      context.localBarrier();
      for (int i = 0; i < 8; i++) {
        int query = start + row + i / 4;
        int other = staged + key + i % 4;
        if (query < queryCount && other < keyCount) {
          long at = position + (long) query * keyCount + other;
          int place = (row + i / 4) * SCORES + key + i % 4;
          scores[place] = scores[place] * DropoutWords.factor(words, at);
        }
      }
      context.localBarrier();
      for (int r = 0; r < 4; r++) {
        float shrink = rowShrink[outRow + r];
        for (int c = 0; c < 4; c++) {
          sums[r * 4 + c] = sums[r * 4 + c] * shrink;
        }
      }
      for (int j = 0; j < SIZE; j++) {
        float v0 = right[j * LINE + outColumn];
        float v1 = right[j * LINE + outColumn + 16];
        float v2 = right[j * LINE + outColumn + 32];
        float v3 = right[j * LINE + outColumn + 48];
        for (int r = 0; r < 4; r++) {
          float weight = scores[(outRow + r) * SCORES + j];
          sums[r * 4] = sums[r * 4] + weight * v0;
          sums[r * 4 + 1] = sums[r * 4 + 1] + weight * v1;
          sums[r * 4 + 2] = sums[r * 4 + 2] + weight * v2;
          sums[r * 4 + 3] = sums[r * 4 + 3] + weight * v3;
        }
      }
      context.localBarrier();
    }
    for (int r = 0; r < 4; r++) {
      int query = start + outRow + r;
      for (int c = 0; c < 4; c++) {
        int d = chunk + outColumn + 16 * c;
        if (query < queryCount && d < headDim) {
          float total = rowSum[outRow + r];
          out.set(
              (firstQuery + query) * heads * headDim + column + d,
              total > 0f ? sums[r * 4 + c] / total : 0f);
        }
      }
    }
  }
}
