// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Attention. {@code HalfAttentionKernels}, over binary16, is derived from this file at build time.
 */
final class FloatAttentionKernels {
  private FloatAttentionKernels() {}

  /**
   * Attention without stored scores (Dao et al. 2022): a work group takes a tile of up to 32
   * queries of one sequence and one head, lane {@code l} of each of its four warps query {@code l},
   * each warp a quarter of the keys; in the end the four parts are merged. The keys and values of
   * 64 keys at a time lie in local memory, where all lanes read the same word.
   *
   * @param tilesAt where the tiles of {@link AttentionTiles} begin in {@code integers}
   * @param maskAt where the key mask begins, negative if there is none
   */
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
      int outStride,
      int headDim,
      float scale) {
    int thread = context.localIdx;
    int lane = thread % AttentionTiles.QUERIES;
    int split = thread / AttentionTiles.QUERIES;
    int tile = tilesAt + context.groupIdx * AttentionTiles.INTEGERS;
    int column = context.groupIdy * headDim;
    int firstQuery = integers.get(tile);
    int queryCount = integers.get(tile + 1);
    int firstKey = integers.get(tile + 2);
    int keyCount = integers.get(tile + 3);
    int visible = integers.get(tile + 4) + lane;
    float[] keyTile = context.allocateFloatLocalArray(AttentionTiles.KEYS * AttentionTiles.DIM);
    float[] valueTile = context.allocateFloatLocalArray(AttentionTiles.KEYS * AttentionTiles.DIM);
    float[] query = new float[AttentionTiles.DIM];
    float[] sum = new float[AttentionTiles.DIM];
    float[] score = new float[AttentionTiles.CHUNK];
    for (int d = 0; d < AttentionTiles.DIM; d++) {
      query[d] = 0f;
      sum[d] = 0f;
    }
    if (lane < queryCount) {
      int from = (firstQuery + lane) * queryStride + queryColumn + column;
      for (int d = 0; d < AttentionTiles.DIM; d++) {
        if (d < headDim) {
          query[d] = queries.get(from + d) * scale;
        }
      }
    }
    float max = DeviceMath.MASKED;
    float total = 0f;
    for (int staged = 0; staged < keyCount; staged += AttentionTiles.KEYS) {
      for (int i = thread; i < AttentionTiles.KEYS * AttentionTiles.DIM; i += 128) {
        int j = i / AttentionTiles.DIM;
        int d = i % AttentionTiles.DIM;
        float key = 0f;
        float value = 0f;
        if (staged + j < keyCount && d < headDim) {
          int row = firstKey + staged + j;
          key = keys.get(row * keyStride + keyColumn + column + d);
          value = values.get(row * valueStride + valueColumn + column + d);
        }
        keyTile[i] = key;
        valueTile[i] = value;
      }
      context.localBarrier();
      for (int chunk = 0; chunk < AttentionTiles.KEYS / 4; chunk += AttentionTiles.CHUNK) {
        int first = split * (AttentionTiles.KEYS / 4) + chunk;
        float newMax = max;
        for (int j = 0; j < AttentionTiles.CHUNK; j++) {
          int k = staged + first + j;
          float dot = 0f;
          for (int d = 0; d < AttentionTiles.DIM; d++) {
            dot += query[d] * keyTile[(first + j) * AttentionTiles.DIM + d];
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
        for (int d = 0; d < AttentionTiles.DIM; d++) {
          sum[d] = sum[d] * shrink;
        }
        for (int j = 0; j < AttentionTiles.CHUNK; j++) {
          int k = staged + first + j;
          float weight = TornadoMath.exp(score[j] - max);
          if (k >= keyCount || k >= visible) {
            weight = 0f;
          }
          total += weight;
          for (int d = 0; d < AttentionTiles.DIM; d++) {
            sum[d] = sum[d] + weight * valueTile[(first + j) * AttentionTiles.DIM + d];
          }
        }
      }
      context.localBarrier();
    }
    for (int part = 1; part < 4; part++) {
      if (split == part) {
        for (int d = 0; d < AttentionTiles.DIM; d++) {
          keyTile[d * AttentionTiles.QUERIES + lane] = sum[d];
        }
        valueTile[lane] = max;
        valueTile[AttentionTiles.QUERIES + lane] = total;
      }
      context.localBarrier();
      if (split == 0) {
        float otherMax = valueTile[lane];
        float newMax = TornadoMath.max(max, otherMax);
        float mine = TornadoMath.exp(max - newMax);
        float other = TornadoMath.exp(otherMax - newMax);
        max = newMax;
        total = total * mine + valueTile[AttentionTiles.QUERIES + lane] * other;
        for (int d = 0; d < AttentionTiles.DIM; d++) {
          sum[d] = sum[d] * mine + keyTile[d * AttentionTiles.QUERIES + lane] * other;
        }
      }
      context.localBarrier();
    }
    if (split == 0 && lane < queryCount) {
      float inverse = total > 0f ? 1f / total : 0f;
      int to = (firstQuery + lane) * outStride + column;
      for (int d = 0; d < AttentionTiles.DIM; d++) {
        if (d < headDim) {
          out.set(to + d, sum[d] * inverse);
        }
      }
    }
  }

  /**
   * Attention that also stores its probabilities, for any {@code headDim}: a work group a query and
   * a head.
   *
   * @param queriesAt where the queries of {@link AttentionTiles} begin in {@code integers}
   * @param maskAt where the key mask begins, negative if there is none
   */
  static void attentionWithProbabilities(
      KernelContext context,
      IntArray integers,
      int queriesAt,
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
      int outStride,
      int headDim,
      float scale,
      FloatArray probabilities) {
    int thread = context.localIdx;
    int entry = queriesAt + context.groupIdx * AttentionTiles.QUERY_INTEGERS;
    int head = context.groupIdy;
    int column = head * headDim;
    int row = integers.get(entry);
    int firstKey = integers.get(entry + 1);
    int keyCount = integers.get(entry + 2);
    int visible = integers.get(entry + 3);
    int base = integers.get(entry + 4) + head * integers.get(entry + 5);
    float[] partial = context.allocateFloatLocalArray(AttentionTiles.QUERY_THREADS);
    float max = DeviceMath.MASKED;
    for (int j = thread; j < keyCount; j += AttentionTiles.QUERY_THREADS) {
      float dot = DeviceMath.MASKED;
      if (j < visible) {
        dot = 0f;
        int left = row * queryStride + queryColumn + column;
        int right = (firstKey + j) * keyStride + keyColumn + column;
        for (int d = 0; d < headDim; d++) {
          dot += queries.get(left + d) * keys.get(right + d);
        }
        dot = dot * scale;
        if (maskAt >= 0) {
          if (integers.get(maskAt + firstKey + j) == 0) {
            dot = DeviceMath.MASKED;
          }
        }
      }
      max = TornadoMath.max(max, dot);
      probabilities.set(base + j, dot);
    }
    partial[thread] = max;
    context.localBarrier();
    for (int half = AttentionTiles.QUERY_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = TornadoMath.max(partial[thread], partial[thread + half]);
      }
      context.localBarrier();
    }
    max = partial[0];
    context.localBarrier();
    float total = 0f;
    for (int j = thread; j < keyCount; j += AttentionTiles.QUERY_THREADS) {
      float score = probabilities.get(base + j);
      // Binary16 has infinity for a masked score: where all are masked they must be equal again.
      if (score < DeviceMath.MASKED) {
        score = DeviceMath.MASKED;
      }
      float weight = j < visible ? TornadoMath.exp(score - max) : 0f;
      total += weight;
      probabilities.set(base + j, weight);
    }
    partial[thread] = total;
    context.localBarrier();
    for (int half = AttentionTiles.QUERY_THREADS / 2; half > 0; half = half / 2) {
      if (thread < half) {
        partial[thread] = partial[thread] + partial[thread + half];
      }
      context.localBarrier();
    }
    total = partial[0];
    float inverse = total > 0f ? 1f / total : 0f;
    for (int j = thread; j < keyCount; j += AttentionTiles.QUERY_THREADS) {
      probabilities.set(base + j, probabilities.get(base + j) * inverse);
    }
    context.globalBarrier();
    for (int d = thread; d < headDim; d += AttentionTiles.QUERY_THREADS) {
      float sum = 0f;
      for (int j = 0; j < keyCount; j++) {
        int from = (firstKey + j) * valueStride + valueColumn + column + d;
        sum += probabilities.get(base + j) * values.get(from);
      }
      if (row >= 0) {
        out.set(row * outStride + column + d, sum);
      }
    }
  }
}
