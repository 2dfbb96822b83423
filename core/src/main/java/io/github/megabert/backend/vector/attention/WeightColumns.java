// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.attention;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.rows.Exponential;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The terms of a panel of queries' softmax, a row a key; the inverses of their sums; and {@code δ =
 * Σ P ⊙ dP}, which the adjoint of softmax subtracts.
 *
 * <p>A query's statistics are three numbers: its largest score, its inverse and its δ, each {@code
 * [PANEL]}.
 */
public final class WeightColumns extends Kernel {
  static final WeightColumns KERNEL = new WeightColumns();

  private WeightColumns() {}

  /**
   * {@code scores = exp(scores - max)} and two of the statistics.
   *
   * @param scores offset of {@code [keys, PANEL]}
   * @param dWeights offset of the derivatives by what dropout has left, {@code [keys, PANEL]}
   * @param kept offset of a word a key, of which bit q is 0 where dropout drops query q's weight
   * @param factor of kept weights
   * @param statistics offset of {@code [3, PANEL]}; the first is read, the others are written
   */
  public static void exponentiate(
      Forms forms,
      MemorySegment memory,
      long scores,
      long dWeights,
      int keys,
      long kept,
      float factor,
      long statistics) {
    if (KERNEL.isVector(forms)) {
      vector(memory, scores, dWeights, keys, kept, 0, factor, statistics);
      vector(
          memory,
          scores + VECTOR_BYTES,
          dWeights + VECTOR_BYTES,
          keys,
          kept,
          COUNT,
          factor,
          statistics + VECTOR_BYTES);
    } else {
      plain(memory, scores, dWeights, keys, kept, factor, statistics);
    }
  }

  private static void plain(
      MemorySegment memory,
      long scores,
      long dWeights,
      int keys,
      long kept,
      float factor,
      long statistics) {
    float[] x = FloatArrays.read(memory, scores, keys * PANEL);
    float[] dW = FloatArrays.read(memory, dWeights, keys * PANEL);
    float[] three = FloatArrays.read(memory, statistics, 3 * PANEL);
    float[] sums = new float[PANEL];
    float[] dots = new float[PANEL];
    for (int j = 0; j < keys; j++) {
      int word = memory.get(Kept.WORD, kept + (long) j * Integer.BYTES);
      for (int q = 0; q < PANEL; q++) {
        int i = j * PANEL + q;
        float e = Exponential.of(x[i] - three[q]);
        x[i] = e;
        sums[q] += e;
        float dP = Kept.isDropped(word, q) ? 0 : dW[i] * factor;
        dots[q] = Math.fma(e, dP, dots[q]);
      }
    }
    for (int q = 0; q < PANEL; q++) {
      float inverse = 1 / sums[q];
      three[PANEL + q] = inverse;
      three[2 * PANEL + q] = inverse * dots[q];
    }
    FloatArrays.write(x, memory, scores);
    FloatArrays.write(three, memory, statistics);
  }

  /** One vector of queries, whose bits in a word begin at {@code firstBit}. */
  private static void vector(
      MemorySegment memory,
      long scores,
      long dWeights,
      int keys,
      long kept,
      int firstBit,
      float factor,
      long statistics) {
    FloatVector max = FloatVector.fromMemorySegment(SPECIES, memory, statistics, ORDER);
    FloatVector sums = FloatVector.zero(SPECIES);
    FloatVector dots = FloatVector.zero(SPECIES);
    for (int j = 0; j < keys; j++) {
      long at = (long) j * PANEL_BYTES;
      FloatVector e =
          Exponential.of(
              FloatVector.fromMemorySegment(SPECIES, memory, scores + at, ORDER).sub(max));
      e.intoMemorySegment(memory, scores + at, ORDER);
      sums = e.add(sums);
      int word = memory.get(Kept.WORD, kept + (long) j * Integer.BYTES) >>> firstBit;
      FloatVector dP =
          FloatVector.fromMemorySegment(SPECIES, memory, dWeights + at, ORDER)
              .mul(factor)
              .blend(0f, Kept.dropped(word));
      dots = e.fma(dP, dots);
    }
    FloatVector inverse = FloatVector.broadcast(SPECIES, 1f).div(sums);
    inverse.intoMemorySegment(memory, statistics + PANEL_BYTES, ORDER);
    inverse.mul(dots).intoMemorySegment(memory, statistics + 2L * PANEL_BYTES, ORDER);
  }

  @Override
  protected void exercise(Operands on) {
    long kept = 8 * Operands.STRIDE;
    long statistics = 9 * Operands.STRIDE;
    int bit = on.either(0, COUNT);
    vector(on.output(), 0, 4 * Operands.STRIDE, on.depth(), kept, bit, 0.5f, statistics);
  }
}
