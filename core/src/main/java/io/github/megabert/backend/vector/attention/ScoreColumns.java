// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Scores of a panel of queries, a row a key: scaled and masked, and the largest of each query. A
 * lane is a query, so no sum or maximum goes across lanes.
 */
public final class ScoreColumns extends Kernel {
  static final ScoreColumns KERNEL = new ScoreColumns();
  private static final FloatVector LANES = FloatVector.zero(SPECIES).addIndex(1);

  private ScoreColumns() {}

  /**
   * {@code scores[j, q] = scores[j, q] · scale + added[j]}, and -∞ where {@code j ≥ seen + q}.
   *
   * @param scores offset of {@code [keys, PANEL]}
   * @param seen keys that the first query sees; each further query sees one more
   * @param added offset of a number a key
   * @param maxima offset of {@code [PANEL]}, written
   */
  public static void mask(
      Forms forms,
      MemorySegment memory,
      long scores,
      int keys,
      int seen,
      float scale,
      long added,
      long maxima) {
    if (KERNEL.isVector(forms)) {
      vector(memory, scores, keys, seen, scale, added, maxima);
      vector(
          memory, scores + VECTOR_BYTES, keys, seen + COUNT, scale, added, maxima + VECTOR_BYTES);
    } else {
      plain(memory, scores, keys, seen, scale, added, maxima);
    }
  }

  private static void plain(
      MemorySegment memory, long scores, int keys, int seen, float scale, long added, long maxima) {
    float[] x = FloatArrays.read(memory, scores, keys * PANEL);
    float[] terms = FloatArrays.read(memory, added, keys);
    float[] max = new float[PANEL];
    Arrays.fill(max, Float.NEGATIVE_INFINITY);
    for (int j = 0; j < keys; j++) {
      for (int q = 0; q < PANEL; q++) {
        int i = j * PANEL + q;
        x[i] = q < j - seen + 1 ? Float.NEGATIVE_INFINITY : Math.fma(x[i], scale, terms[j]);
        max[q] = x[i] <= max[q] ? max[q] : x[i];
      }
    }
    FloatArrays.write(x, memory, scores);
    FloatArrays.write(max, memory, maxima);
  }

  /** One vector of queries. */
  private static void vector(
      MemorySegment memory, long scores, int keys, int seen, float scale, long added, long maxima) {
    FloatVector factor = FloatVector.broadcast(SPECIES, scale);
    FloatVector max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    for (int j = 0; j < keys; j++) {
      long at = scores + (long) j * PANEL_BYTES;
      float term = memory.get(FLOAT, added + (long) j * Float.BYTES);
      FloatVector x =
          FloatVector.fromMemorySegment(SPECIES, memory, at, ORDER)
              .fma(factor, FloatVector.broadcast(SPECIES, term))
              .blend(
                  Float.NEGATIVE_INFINITY,
                  LANES.compare(VectorOperators.LT, (float) (j - seen + 1)));
      x.intoMemorySegment(memory, at, ORDER);
      max = x.blend(max, x.compare(VectorOperators.LE, max));
    }
    max.intoMemorySegment(memory, maxima, ORDER);
  }

  @Override
  protected void exercise(Operands on) {
    int keys = on.depth();
    vector(
        on.output(), 0, keys, on.either(keys, 2), 0.5f, 8 * Operands.STRIDE, Operands.STRIDE * 9);
  }
}
