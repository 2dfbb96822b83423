// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The gradients of attention, without stored scores (Dao et al. 2022, algorithm 4). A work group
 * takes a tile of {@link AttentionGradientTiles#SIZE} queries or keys of one sequence and one head,
 * and {@link AttentionGradientTiles#WIDTH} of the head's columns. It walks over the tiles of the
 * other kind; the scores of two tiles lie in local memory.
 *
 * <p>In a tile's product of scores a thread has 2 queries and 4 keys, in a product with rows 4 rows
 * and 4 columns. What the two kernels do alike stands in both: a kernel cannot hand its local
 * memory to a method.
 */
final class AttentionGradientKernels {
  private static final int SIZE = AttentionGradientTiles.SIZE;
  private static final int WIDTH = AttentionGradientTiles.WIDTH;
  private static final int THREADS = AttentionGradientTiles.THREADS;
  private static final int STATISTICS = AttentionGradientTiles.STATISTICS;
  private static final int LINE = AttentionGradientTiles.LINE;
  private static final int SCORES = AttentionGradientTiles.SCORES;

  private AttentionGradientKernels() {}

  /** Adds to the queries' gradients and leaves the statistics; tiles of queries. */
  static void queries(
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
      FloatArray dOut,
      FloatArray dQueries,
      FloatArray statistics,
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
    float[] slopes = context.allocateFloatLocalArray(SIZE * LINE);
    float[] others = context.allocateFloatLocalArray(SIZE * LINE);
    float[] scores = context.allocateFloatLocalArray(SIZE * SCORES);
    float[] rowMax = context.allocateFloatLocalArray(SIZE);
    float[] rowInverse = context.allocateFloatLocalArray(SIZE);
    float[] rowProduct = context.allocateFloatLocalArray(SIZE);
    float[] parts = context.allocateFloatLocalArray(2 * THREADS);
    float[] dots = new float[8];
    float[] products = new float[8];
    float[] sums = new float[16];
    for (int i = 0; i < 16; i++) {
      sums[i] = 0f;
    }
    int row = thread / 8 * 2;
    int key = thread % 8 * 4;
    int outRow = thread / 16 * 4;
    int outColumn = thread % 16;
    // The sum of dOut ⊙ out, which is that of the probabilities times their gradients.
    int quarterRow = thread / 4;
    float product = 0f;
    if (start + quarterRow < queryCount) {
      int base = (firstQuery + start + quarterRow) * heads * headDim + column;
      for (int d = thread % 4; d < headDim; d += 4) {
        product += dOut.get(base + d) * out.get(base + d);
      }
    }
    parts[thread] = product;
    context.localBarrier();
    if (thread < SIZE) {
      rowProduct[thread] =
          parts[4 * thread] + parts[4 * thread + 1] + parts[4 * thread + 2] + parts[4 * thread + 3];
    }
    context.localBarrier();
    // First the largest score of each query, and the sum of exponentials.
    float max = DeviceMath.MASKED;
    float total = 0f;
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
      int part = thread % 4 * 8;
      int seen = TornadoMath.min(keyCount, visible + start + quarterRow) - staged - part;
      float newMax = max;
      for (int j = 0; j < 8; j++) {
        if (j < seen) {
          newMax = TornadoMath.max(newMax, scores[quarterRow * SCORES + part + j]);
        }
      }
      float sum = 0f;
      for (int j = 0; j < 8; j++) {
        if (j < seen) {
          sum += TornadoMath.exp(scores[quarterRow * SCORES + part + j] - newMax);
        }
      }
      total = total * TornadoMath.exp(max - newMax) + sum;
      max = newMax;
      context.localBarrier();
    }
    parts[thread] = max;
    parts[THREADS + thread] = total;
    context.localBarrier();
    if (thread < SIZE) {
      float largest = parts[4 * thread];
      for (int j = 1; j < 4; j++) {
        largest = TornadoMath.max(largest, parts[4 * thread + j]);
      }
      float sum = 0f;
      for (int j = 0; j < 4; j++) {
        sum += parts[THREADS + 4 * thread + j] * TornadoMath.exp(parts[4 * thread + j] - largest);
      }
      float inverse = sum > 0f ? 1f / sum : 0f;
      rowMax[thread] = largest;
      rowInverse[thread] = inverse;
      if (chunk == 0 && start + thread < queryCount) {
        int at = ((firstQuery + start + thread) * heads + head) * STATISTICS;
        statistics.set(at, largest);
        statistics.set(at + 1, inverse);
        statistics.set(at + 2, rowProduct[thread]);
      }
    }
    context.localBarrier();
    for (int staged = 0; staged < keyCount; staged += SIZE) {
      for (int i = 0; i < 8; i++) {
        dots[i] = 0f;
        products[i] = 0f;
      }
      for (int width = 0; width < headDim; width += WIDTH) {
        for (int i = thread; i < SIZE * WIDTH; i += THREADS) {
          int line = i / WIDTH;
          int d = i % WIDTH;
          float query = 0f;
          float slope = 0f;
          float other = 0f;
          float value = 0f;
          if (width + d < headDim) {
            int at = column + width + d;
            if (start + line < queryCount) {
              int from = firstQuery + start + line;
              query = queries.get(from * queryStride + queryColumn + at);
              slope = dOut.get(from * heads * headDim + at);
            }
            if (staged + line < keyCount) {
              int from = firstKey + staged + line;
              other = keys.get(from * keyStride + keyColumn + at);
              value = values.get(from * valueStride + valueColumn + at);
            }
          }
          left[line * LINE + d] = query;
          slopes[line * LINE + d] = slope;
          right[line * LINE + d] = other;
          others[line * LINE + d] = value;
        }
        context.localBarrier();
        for (int d = 0; d < WIDTH; d++) {
          float q0 = left[row * LINE + d];
          float q1 = left[(row + 1) * LINE + d];
          float s0 = slopes[row * LINE + d];
          float s1 = slopes[(row + 1) * LINE + d];
          for (int c = 0; c < 4; c++) {
            float k = right[(key + c) * LINE + d];
            float v = others[(key + c) * LINE + d];
            dots[c] = dots[c] + q0 * k;
            dots[4 + c] = dots[4 + c] + q1 * k;
            products[c] = products[c] + s0 * v;
            products[4 + c] = products[4 + c] + s1 * v;
          }
        }
        context.localBarrier();
      }
      for (int i = 0; i < 8; i++) {
        int line = row + i / 4;
        int query = start + line;
        int other = staged + key + i % 4;
        float gradient = 0f;
        if (query < queryCount && other < keyCount) {
          if (other < visible + query) {
            float score = dots[i] * scale;
            if (maskAt >= 0) {
              if (integers.get(maskAt + firstKey + other) == 0) {
                score = DeviceMath.MASKED;
              }
            }
            float probability = TornadoMath.exp(score - rowMax[line]) * rowInverse[line];
            long at = position + (long) query * keyCount + other;
            float factor = DropoutWords.factor(words, at);
            gradient = probability * (products[i] * factor - rowProduct[line]) * scale;
          }
        }
        scores[line * SCORES + key + i % 4] = gradient;
      }
      if (headDim > WIDTH) {
        for (int i = thread; i < SIZE * WIDTH; i += THREADS) {
          int line = i / WIDTH;
          int d = i % WIDTH;
          float other = 0f;
          if (chunk + d < headDim && staged + line < keyCount) {
            other =
                keys.get((firstKey + staged + line) * keyStride + keyColumn + column + chunk + d);
          }
          right[line * LINE + d] = other;
        }
      }
      context.localBarrier();
      for (int j = 0; j < SIZE; j++) {
        float k0 = right[j * LINE + outColumn];
        float k1 = right[j * LINE + outColumn + 16];
        float k2 = right[j * LINE + outColumn + 32];
        float k3 = right[j * LINE + outColumn + 48];
        for (int r = 0; r < 4; r++) {
          float gradient = scores[(outRow + r) * SCORES + j];
          sums[r * 4] = sums[r * 4] + gradient * k0;
          sums[r * 4 + 1] = sums[r * 4 + 1] + gradient * k1;
          sums[r * 4 + 2] = sums[r * 4 + 2] + gradient * k2;
          sums[r * 4 + 3] = sums[r * 4 + 3] + gradient * k3;
        }
      }
      context.localBarrier();
    }
    for (int r = 0; r < 4; r++) {
      int query = start + outRow + r;
      for (int c = 0; c < 4; c++) {
        int d = chunk + outColumn + 16 * c;
        if (query < queryCount && d < headDim) {
          int at = (firstQuery + query) * queryStride + queryColumn + column + d;
          dQueries.set(at, dQueries.get(at) + sums[r * 4 + c]);
        }
      }
    }
  }

  /**
   * Adds to the keys' gradients, and writes what is to be added to the values'; tiles of keys. The
   * two often are one matrix, and TornadoVM does not schedule a task that writes an array twice.
   *
   * @param dValues {@code [key rows, heads × headDim]}
   */
  static void keys(
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
      FloatArray dOut,
      FloatArray dKeys,
      FloatArray dValues,
      FloatArray statistics,
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
    float[] slopes = context.allocateFloatLocalArray(SIZE * LINE);
    float[] others = context.allocateFloatLocalArray(SIZE * LINE);
    float[] scores = context.allocateFloatLocalArray(SIZE * SCORES);
    float[] weights = context.allocateFloatLocalArray(SIZE * SCORES);
    float[] dots = new float[8];
    float[] products = new float[8];
    float[] keySums = new float[16];
    float[] valueSums = new float[16];
    for (int i = 0; i < 16; i++) {
      keySums[i] = 0f;
      valueSums[i] = 0f;
    }
    int row = thread / 8 * 2;
    int key = thread % 8 * 4;
    int outRow = thread / 16 * 4;
    int outColumn = thread % 16;
    // The first query that sees the tile's first key, at a multiple of the tile's size.
    int firstStaged = TornadoMath.max(0, start - visible + 1) / SIZE * SIZE;
    for (int staged = firstStaged; staged < queryCount; staged += SIZE) {
      for (int i = 0; i < 8; i++) {
        dots[i] = 0f;
        products[i] = 0f;
      }
      for (int width = 0; width < headDim; width += WIDTH) {
        for (int i = thread; i < SIZE * WIDTH; i += THREADS) {
          int line = i / WIDTH;
          int d = i % WIDTH;
          float query = 0f;
          float slope = 0f;
          float other = 0f;
          float value = 0f;
          if (width + d < headDim) {
            int at = column + width + d;
            if (staged + line < queryCount) {
              int from = firstQuery + staged + line;
              query = queries.get(from * queryStride + queryColumn + at);
              slope = dOut.get(from * heads * headDim + at);
            }
            if (start + line < keyCount) {
              int from = firstKey + start + line;
              other = keys.get(from * keyStride + keyColumn + at);
              value = values.get(from * valueStride + valueColumn + at);
            }
          }
          left[line * LINE + d] = query;
          slopes[line * LINE + d] = slope;
          right[line * LINE + d] = other;
          others[line * LINE + d] = value;
        }
        context.localBarrier();
        for (int d = 0; d < WIDTH; d++) {
          float q0 = left[row * LINE + d];
          float q1 = left[(row + 1) * LINE + d];
          float s0 = slopes[row * LINE + d];
          float s1 = slopes[(row + 1) * LINE + d];
          for (int c = 0; c < 4; c++) {
            float k = right[(key + c) * LINE + d];
            float v = others[(key + c) * LINE + d];
            dots[c] = dots[c] + q0 * k;
            dots[4 + c] = dots[4 + c] + q1 * k;
            products[c] = products[c] + s0 * v;
            products[4 + c] = products[4 + c] + s1 * v;
          }
        }
        context.localBarrier();
      }
      for (int i = 0; i < 8; i++) {
        int line = row + i / 4;
        int query = staged + line;
        int other = start + key + i % 4;
        float gradient = 0f;
        float weight = 0f;
        if (query < queryCount && other < keyCount) {
          if (other < visible + query) {
            int from = ((firstQuery + query) * heads + head) * STATISTICS;
            float score = dots[i] * scale;
            if (maskAt >= 0) {
              if (integers.get(maskAt + firstKey + other) == 0) {
                score = DeviceMath.MASKED;
              }
            }
            float probability =
                TornadoMath.exp(score - statistics.get(from)) * statistics.get(from + 1);
            long at = position + (long) query * keyCount + other;
            float factor = DropoutWords.factor(words, at);
            weight = probability * factor;
            gradient = probability * (products[i] * factor - statistics.get(from + 2)) * scale;
          }
        }
        scores[line * SCORES + key + i % 4] = gradient;
        weights[line * SCORES + key + i % 4] = weight;
      }
      if (headDim > WIDTH) {
        for (int i = thread; i < SIZE * WIDTH; i += THREADS) {
          int line = i / WIDTH;
          int d = i % WIDTH;
          float query = 0f;
          float slope = 0f;
          if (chunk + d < headDim && staged + line < queryCount) {
            int from = firstQuery + staged + line;
            query = queries.get(from * queryStride + queryColumn + column + chunk + d);
            slope = dOut.get(from * heads * headDim + column + chunk + d);
          }
          left[line * LINE + d] = query;
          slopes[line * LINE + d] = slope;
        }
      }
      context.localBarrier();
      for (int j = 0; j < SIZE; j++) {
        for (int c = 0; c < 4; c++) {
          float query = left[j * LINE + outColumn + 16 * c];
          float slope = slopes[j * LINE + outColumn + 16 * c];
          for (int r = 0; r < 4; r++) {
            int at = j * SCORES + outRow + r;
            keySums[r * 4 + c] = keySums[r * 4 + c] + scores[at] * query;
            valueSums[r * 4 + c] = valueSums[r * 4 + c] + weights[at] * slope;
          }
        }
      }
      context.localBarrier();
    }
    for (int r = 0; r < 4; r++) {
      int other = start + outRow + r;
      for (int c = 0; c < 4; c++) {
        int d = chunk + outColumn + 16 * c;
        if (other < keyCount && d < headDim) {
          int at = (firstKey + other) * keyStride + keyColumn + column + d;
          dKeys.set(at, dKeys.get(at) + keySums[r * 4 + c]);
          dValues.set((firstKey + other) * heads * headDim + column + d, valueSums[r * 4 + c]);
        }
      }
    }
  }
}
