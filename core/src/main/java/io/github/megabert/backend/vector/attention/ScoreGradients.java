// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.vector.gemm.StridedRows;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The adjoint of softmax and of dropout behind it, for some keys and a panel of queries: {@code dS
 * = P ⊙ (D ⊙ dW − δ) · scale}. It writes dS as a panel, for the queries' gradients, and as rows
 * beside those of {@code P ⊙ D}, for the keys' and values'.
 */
public final class ScoreGradients extends Kernel {
  static final ScoreGradients KERNEL = new ScoreGradients();

  /** Rows that {@link Operands#floats} hold here. */
  private static final int ROWS = 24;

  private ScoreGradients() {}

  /**
   * Replaces dW by dS.
   *
   * @param terms offset of what {@link WeightColumns} leaves, {@code [keys, PANEL]}
   * @param dWeights offset of dW, {@code [keys, PANEL]}
   * @param kept offset of a word a key, as {@link WeightColumns} says
   * @param factor of kept weights
   * @param statistics offset of {@code [3, PANEL]}
   * @param weights takes P ⊙ D, a row a key, from {@code weightsAt} on; rows are strided
   * @param dScores takes dS likewise
   */
  public static void apply(
      Forms forms,
      MemorySegment memory,
      long terms,
      long dWeights,
      int keys,
      long kept,
      float factor,
      float scale,
      long statistics,
      float[] weights,
      int weightsAt,
      float[] dScores,
      int dScoresAt) {
    if (KERNEL.isVector(forms)) {
      for (int half = 0; half < 2; half++) {
        long step = (long) half * VECTOR_BYTES;
        vector(
            memory,
            terms + step,
            dWeights + step,
            keys,
            kept,
            half * COUNT,
            factor,
            scale,
            statistics + step,
            weights,
            weightsAt + half * COUNT,
            dScores,
            dScoresAt + half * COUNT);
      }
    } else {
      plain(
          memory,
          terms,
          dWeights,
          keys,
          kept,
          factor,
          scale,
          statistics,
          weights,
          weightsAt,
          dScores,
          dScoresAt);
    }
  }

  private static void plain(
      MemorySegment memory,
      long terms,
      long dWeights,
      int keys,
      long kept,
      float factor,
      float scale,
      long statistics,
      float[] weights,
      int weightsAt,
      float[] dScores,
      int dScoresAt) {
    float[] e = FloatArrays.read(memory, terms, keys * PANEL);
    float[] x = FloatArrays.read(memory, dWeights, keys * PANEL);
    float[] three = FloatArrays.read(memory, statistics, 3 * PANEL);
    for (int j = 0; j < keys; j++) {
      int word = memory.get(Kept.WORD, kept + (long) j * Integer.BYTES);
      int row = j * StridedRows.DISTANCE;
      for (int q = 0; q < PANEL; q++) {
        int i = j * PANEL + q;
        boolean isDropped = Kept.isDropped(word, q);
        float p = e[i] * three[PANEL + q];
        float dP = isDropped ? 0 : x[i] * factor;
        x[i] = p * (dP - three[2 * PANEL + q]) * scale;
        dScores[dScoresAt + row + q] = x[i];
        weights[weightsAt + row + q] = isDropped ? 0 : p * factor;
      }
    }
    FloatArrays.write(x, memory, dWeights);
  }

  /** One vector of queries, whose bits in a word begin at {@code firstBit}. */
  private static void vector(
      MemorySegment memory,
      long terms,
      long dWeights,
      int keys,
      long kept,
      int firstBit,
      float factor,
      float scale,
      long statistics,
      float[] weights,
      int weightsAt,
      float[] dScores,
      int dScoresAt) {
    FloatVector inverse =
        FloatVector.fromMemorySegment(SPECIES, memory, statistics + PANEL_BYTES, ORDER);
    FloatVector delta =
        FloatVector.fromMemorySegment(SPECIES, memory, statistics + 2L * PANEL_BYTES, ORDER);
    for (int j = 0; j < keys; j++) {
      long at = (long) j * PANEL_BYTES;
      int row = j * StridedRows.DISTANCE;
      int word = memory.get(Kept.WORD, kept + (long) j * Integer.BYTES) >>> firstBit;
      FloatVector p =
          FloatVector.fromMemorySegment(SPECIES, memory, terms + at, ORDER).mul(inverse);
      FloatVector dS =
          FloatVector.fromMemorySegment(SPECIES, memory, dWeights + at, ORDER)
              .mul(factor)
              .blend(0f, Kept.dropped(word))
              .sub(delta)
              .mul(p)
              .mul(scale);
      dS.intoMemorySegment(memory, dWeights + at, ORDER);
      dS.intoArray(dScores, dScoresAt + row);
      p.mul(factor).blend(0f, Kept.dropped(word)).intoArray(weights, weightsAt + row);
    }
  }

  @Override
  protected void exercise(Operands on) {
    vector(
        on.output(),
        0,
        4 * Operands.STRIDE,
        Math.min(on.depth(), ROWS),
        8 * Operands.STRIDE,
        on.either(0, COUNT),
        0.5f,
        0.5f,
        9 * Operands.STRIDE,
        on.floats(),
        0,
        on.floats(),
        PANEL);
  }
}
