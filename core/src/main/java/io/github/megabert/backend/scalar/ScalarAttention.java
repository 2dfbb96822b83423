// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.scalar;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.DropoutMask;
import io.github.megabert.backend.host.HostMatrix;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Attention of one query at a time, and its adjoint, in double. */
final class ScalarAttention {
  private ScalarAttention() {}

  /**
   * The probabilities of query {@code i} of sequence {@code b}, before dropout; 0 for later keys.
   *
   * @param queryColumn first column of the head; likewise the other
   */
  static double[] probabilities(
      AttentionLayout layout,
      int b,
      int i,
      HostMatrix q,
      int queryColumn,
      HostMatrix k,
      int keyColumn) {
    int keyLength = layout.keyLength()[b];
    int queryRow = layout.queryStart()[b] + i;
    int visible = layout.causal() ? keyLength - layout.queryLength()[b] + i + 1 : keyLength;
    double scale = 1 / Math.sqrt(layout.headDim());
    byte[] mask = layout.keyMask();
    double[] weights = new double[keyLength];
    for (int j = 0; j < visible; j++) {
      int keyRow = layout.keyStart()[b] + j;
      boolean masked = mask != null && mask[keyRow] == 0;
      weights[j] =
          masked
              ? -Float.MAX_VALUE
              : scale * dot(layout.headDim(), q, queryRow, queryColumn, k, keyRow, keyColumn);
    }
    softmax(weights, visible);
    return weights;
  }

  private static double dot(
      int count, HostMatrix x, int xRow, int xColumn, HostMatrix y, int yRow, int yColumn) {
    double sum = 0;
    for (int c = 0; c < count; c++) {
      sum += (double) x.get(xRow, xColumn + c) * y.get(yRow, yColumn + c);
    }
    return sum;
  }

  /** Softmax of the first {@code count} numbers, in place. */
  static void softmax(double[] values, int count) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      max = Math.max(max, values[i]);
    }
    double sum = 0;
    for (int i = 0; i < count; i++) {
      values[i] = Math.exp(values[i] - max);
      sum += values[i];
    }
    for (int i = 0; i < count; i++) {
      values[i] /= sum;
    }
  }

  /** Drops numbers whose positions begin with {@code start}. */
  static void drop(@Nullable Dropout dropout, long start, double[] values) {
    if (dropout == null) {
      return;
    }
    DropoutMask mask = dropout.mask();
    for (int j = 0; j < values.length; j++) {
      values[j] *= mask.keeps(dropout.position() + start + j) ? mask.scale() : 0;
    }
  }

  /** What one head of one sequence reads and writes; columns are the head's first. */
  record Head(
      AttentionLayout layout,
      int b,
      HostMatrix q,
      int queryColumn,
      HostMatrix k,
      int keyColumn,
      HostMatrix v,
      int valueColumn,
      HostMatrix dOut,
      int outColumn,
      @Nullable Dropout dropout,
      long start) {

    /**
     * Adds to the three gradients: {@code dV += Pᵀ·dOut}, {@code dS = P ⊙ (dOut·Vᵀ − Σ P ⊙
     * (dOut·Vᵀ))}, {@code dQ += dS·K/√d}, {@code dK += dSᵀ·Q/√d}.
     */
    void addGradients(HostMatrix dQ, HostMatrix dK, HostMatrix dV) {
      int keyLength = layout.keyLength()[b];
      int queryLength = layout.queryLength()[b];
      int headDim = layout.headDim();
      double scale = 1 / Math.sqrt(headDim);
      for (int i = 0; i < queryLength; i++) {
        int queryRow = layout.queryStart()[b] + i;
        double[] p = probabilities(layout, b, i, q, queryColumn, k, keyColumn);
        double[] factors = new double[keyLength];
        Arrays.fill(factors, 1);
        drop(dropout, start + (long) i * keyLength, factors);
        double[] dP = new double[keyLength];
        double sum = 0;
        for (int j = 0; j < keyLength; j++) {
          int keyRow = layout.keyStart()[b] + j;
          dP[j] = factors[j] * dot(headDim, dOut, queryRow, outColumn, v, keyRow, valueColumn);
          sum += p[j] * dP[j];
        }
        for (int j = 0; j < keyLength; j++) {
          int keyRow = layout.keyStart()[b] + j;
          double dS = p[j] * (dP[j] - sum) * scale;
          double dropped = p[j] * factors[j];
          for (int c = 0; c < headDim; c++) {
            dV.add(keyRow, valueColumn + c, dropped * dOut.get(queryRow, outColumn + c));
            dQ.add(queryRow, queryColumn + c, dS * k.get(keyRow, keyColumn + c));
            dK.add(keyRow, keyColumn + c, dS * q.get(queryRow, queryColumn + c));
          }
        }
      }
    }
  }
}
