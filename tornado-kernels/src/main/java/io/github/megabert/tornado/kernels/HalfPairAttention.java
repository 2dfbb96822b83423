// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/**
 * {@link HalfAttentionKernels#attention} with two numbers a load, smaller tiles and more parts; on
 * CUDA only, see {@link HalfPairKernels}. It serves the short sequences that cuDNN does not: 16
 * tokens of MegatronBERT-345M took 1.45 ms on an H100 with the other and 1.03 with this.
 */
public final class HalfPairAttention {
  /** Queries of a tile, one a lane. */
  public static final int QUERIES = 16;

  private static final int THREADS = AttentionTiles.THREADS;

  /** Parts of the keys; a part takes every eighth. */
  private static final int SPLITS = THREADS / QUERIES;

  /** Keys that lie in local memory at a time. */
  private static final int KEYS = 64;

  /** Keys of a part between two rescalings of the running sum. */
  private static final int CHUNK = KEYS / SPLITS;

  private static final int DIM = AttentionTiles.DIM;

  /** Floats from a key to the next: two lines that a warp reads at once lie in other banks. */
  private static final int LINE = DIM + 4;

  /** Floats from a query's sum to the next one's, and from a part's to the next one's. */
  private static final int SUM_LINE = DIM + 1;

  private static final int SUMS = QUERIES * SUM_LINE;

  private HalfPairAttention() {}

  /**
   * As {@link HalfAttentionKernels#attention}: a work group takes a tile of up to {@value #QUERIES}
   * queries of one sequence and one head, and a thread one of them with an eighth of the keys; in
   * the end the eight parts are merged.
   *
   * @param tilesAt where the tiles of {@link AttentionTiles} begin in {@code integers}
   * @param maskAt where the key mask begins, negative if there is none
   */
  static void attention(
      KernelContext context,
      IntArray integers,
      int tilesAt,
      int maskAt,
      HalfFloatArray queries,
      int queryStride,
      int queryColumn,
      HalfFloatArray keys,
      int keyStride,
      int keyColumn,
      HalfFloatArray values,
      int valueStride,
      int valueColumn,
      HalfFloatArray out,
      int outStride,
      int headDim,
      float scale) {
    int thread = context.localIdx;
    int lane = thread % QUERIES;
    int split = thread / QUERIES;
    int tile = tilesAt + context.groupIdx * AttentionTiles.INTEGERS;
    int column = HalfPairKernels.SHIFT + context.groupIdy * headDim;
    int firstQuery = integers.get(tile);
    int queryCount = integers.get(tile + 1);
    int firstKey = integers.get(tile + 2);
    int keyCount = integers.get(tile + 3);
    int visible = integers.get(tile + 4) + lane;
    // Keys, then values; in the end the parts' sums.
    float[] staged = context.allocateFloatLocalArray(2 * KEYS * LINE);
    float[] maxima = context.allocateFloatLocalArray(THREADS);
    float[] totals = context.allocateFloatLocalArray(THREADS);
    float[] query = new float[DIM];
    float[] sum = new float[DIM];
    float[] score = new float[CHUNK];
    for (int d = 0; d < DIM; d++) {
      query[d] = 0f;
      sum[d] = 0f;
    }
    if (lane < queryCount) {
      int from = (firstQuery + lane) * queryStride + queryColumn + column;
      for (int d = 0; d < DIM; d += 2) {
        if (d < headDim) {
          Half2 pair = queries.getHalf2(from + d);
          query[d] = Half2.lowFloat(pair) * scale;
          query[d + 1] = Half2.highFloat(pair) * scale;
        }
      }
    }
    float max = DeviceMath.MASKED;
    float total = 0f;
    for (int first = 0; first < keyCount; first += KEYS) {
      // A key for each part at a time; those beyond the last are zeros.
      int lines = TornadoMath.min(KEYS, (keyCount - first + SPLITS - 1) / SPLITS * SPLITS);
      for (int i = thread; i < lines * DIM / 2; i += THREADS) {
        int j = i / (DIM / 2);
        int d = 2 * (i % (DIM / 2));
        float key0 = 0f;
        float key1 = 0f;
        float value0 = 0f;
        float value1 = 0f;
        if (first + j < keyCount && d < headDim) {
          int row = firstKey + first + j;
          Half2 key = keys.getHalf2(row * keyStride + keyColumn + column + d);
          Half2 value = values.getHalf2(row * valueStride + valueColumn + column + d);
          key0 = Half2.lowFloat(key);
          key1 = Half2.highFloat(key);
          value0 = Half2.lowFloat(value);
          value1 = Half2.highFloat(value);
        }
        staged[j * LINE + d] = key0;
        staged[j * LINE + d + 1] = key1;
        staged[(KEYS + j) * LINE + d] = value0;
        staged[(KEYS + j) * LINE + d + 1] = value1;
      }
      context.localBarrier();
      float newMax = max;
      for (int j = 0; j < CHUNK; j++) {
        int line = j * SPLITS + split;
        int k = first + line;
        float dot = 0f;
        if (j * SPLITS < lines) {
          for (int d = 0; d < DIM; d++) {
            dot += query[d] * staged[line * LINE + d];
          }
        }
        if (k >= keyCount || k >= visible) {
          dot = DeviceMath.MASKED;
        }
        if (maskAt >= 0) {
          if (k < keyCount) {
            if (integers.get(maskAt + firstKey + k) == 0) {
              dot = DeviceMath.MASKED;
            }
          }
        }
        score[j] = dot;
        newMax = TornadoMath.max(newMax, dot);
      }
      float shrink = TornadoMath.exp(max - newMax);
      max = newMax;
      total = total * shrink;
      for (int d = 0; d < DIM; d++) {
        sum[d] = sum[d] * shrink;
      }
      for (int j = 0; j < CHUNK; j++) {
        int line = j * SPLITS + split;
        int k = first + line;
        float weight = TornadoMath.exp(score[j] - max);
        if (k >= keyCount || k >= visible) {
          weight = 0f;
        }
        total += weight;
        if (j * SPLITS < lines) {
          for (int d = 0; d < DIM; d++) {
            sum[d] = sum[d] + weight * staged[(KEYS + line) * LINE + d];
          }
        }
      }
      context.localBarrier();
    }
    maxima[thread] = max;
    context.localBarrier();
    float greatest = max;
    for (int part = 0; part < SPLITS; part++) {
      greatest = TornadoMath.max(greatest, maxima[part * QUERIES + lane]);
    }
    float share = TornadoMath.exp(max - greatest);
    totals[thread] = total * share;
    for (int d = 0; d < DIM; d++) {
      staged[split * SUMS + lane * SUM_LINE + d] = sum[d] * share;
    }
    context.localBarrier();
    for (int i = thread; i < QUERIES * DIM / 2; i += THREADS) {
      int q = i / (DIM / 2);
      int d = 2 * (i % (DIM / 2));
      if (q < queryCount && d < headDim) {
        float whole = 0f;
        float low = 0f;
        float high = 0f;
        for (int part = 0; part < SPLITS; part++) {
          whole += totals[part * QUERIES + q];
          low += staged[part * SUMS + q * SUM_LINE + d];
          high += staged[part * SUMS + q * SUM_LINE + d + 1];
        }
        float inverse = whole > 0f ? 1f / whole : 0f;
        out.setHalf2(
            (firstQuery + q) * outStride + column + d,
            Half2.fromFloats(low * inverse, high * inverse));
      }
    }
  }
}
