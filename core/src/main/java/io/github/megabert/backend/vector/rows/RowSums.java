package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Additions of rows. */
public final class RowSums {
  private RowSums() {}

  /**
   * {@code target = sums + bias}.
   *
   * @param sumsStep bytes from the sums of a panel's columns to those of the next
   */
  public static void addBias(
      MemorySegment sums,
      long sumsAt,
      long sumsStep,
      MemorySegment target,
      long at,
      MemorySegment bias,
      long biasAt,
      int count) {
    long from = sumsAt;
    int i = 0;
    for (; i <= count - PANEL; i += PANEL) {
      long step = (long) i * Float.BYTES;
      long second = step + VECTOR_BYTES;
      FloatVector.fromMemorySegment(SPECIES, sums, from, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, bias, biasAt + step, ORDER))
          .intoMemorySegment(target, at + step, ORDER);
      FloatVector.fromMemorySegment(SPECIES, sums, from + VECTOR_BYTES, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, bias, biasAt + second, ORDER))
          .intoMemorySegment(target, at + second, ORDER);
      from += sumsStep;
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      float sum = sums.get(FLOAT, from) + bias.get(FLOAT, biasAt + step);
      target.set(FLOAT, at + step, sum);
      from += Float.BYTES;
    }
  }

  /**
   * {@code target = (sums + bias) + added}; added and target begin at one offset.
   *
   * @param sumsStep bytes from the sums of a panel's columns to those of the next
   */
  public static void addBiasAndResidual(
      MemorySegment sums,
      long sumsAt,
      long sumsStep,
      MemorySegment added,
      MemorySegment target,
      long at,
      MemorySegment bias,
      long biasAt,
      int count) {
    long from = sumsAt;
    int i = 0;
    for (; i <= count - PANEL; i += PANEL) {
      long step = (long) i * Float.BYTES;
      long second = step + VECTOR_BYTES;
      FloatVector.fromMemorySegment(SPECIES, sums, from, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, bias, biasAt + step, ORDER))
          .add(FloatVector.fromMemorySegment(SPECIES, added, at + step, ORDER))
          .intoMemorySegment(target, at + step, ORDER);
      FloatVector.fromMemorySegment(SPECIES, sums, from + VECTOR_BYTES, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, bias, biasAt + second, ORDER))
          .add(FloatVector.fromMemorySegment(SPECIES, added, at + second, ORDER))
          .intoMemorySegment(target, at + second, ORDER);
      from += sumsStep;
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      float sum = sums.get(FLOAT, from) + bias.get(FLOAT, biasAt + step);
      target.set(FLOAT, at + step, sum + added.get(FLOAT, at + step));
      from += Float.BYTES;
    }
  }

  /** {@code target += source}. */
  public static void add(
      MemorySegment source, long sourceAt, MemorySegment target, long at, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector.fromMemorySegment(SPECIES, target, at + step, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, source, sourceAt + step, ORDER))
          .intoMemorySegment(target, at + step, ORDER);
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      float sum = target.get(FLOAT, at + step) + source.get(FLOAT, sourceAt + step);
      target.set(FLOAT, at + step, sum);
    }
  }

  /** {@code target = sums + added}; added and target begin at one offset. */
  public static void addResidual(
      MemorySegment sums,
      long sumsAt,
      MemorySegment added,
      MemorySegment target,
      long at,
      int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector.fromMemorySegment(SPECIES, sums, sumsAt + step, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, added, at + step, ORDER))
          .intoMemorySegment(target, at + step, ORDER);
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      target.set(FLOAT, at + step, sums.get(FLOAT, sumsAt + step) + added.get(FLOAT, at + step));
    }
  }

  /**
   * {@code c[r, n] += scale[n] · sums[r, n]} for the two vectors n of a panel.
   *
   * @param isFirst whether c is taken as 0
   */
  public static void addScaled(
      int rows,
      boolean isFirst,
      MemorySegment sums,
      long sumsAt,
      MemorySegment scales,
      long scaleAt,
      MemorySegment c,
      long at) {
    FloatVector low = FloatVector.fromMemorySegment(SPECIES, scales, scaleAt, ORDER);
    FloatVector high =
        FloatVector.fromMemorySegment(SPECIES, scales, scaleAt + VECTOR_BYTES, ORDER);
    for (int r = 0; r < rows; r++) {
      long from = sumsAt + (long) r * PANEL_BYTES;
      long to = at + (long) r * PANEL_BYTES;
      FloatVector lowSums = FloatVector.fromMemorySegment(SPECIES, sums, from, ORDER);
      FloatVector highSums =
          FloatVector.fromMemorySegment(SPECIES, sums, from + VECTOR_BYTES, ORDER);
      if (isFirst) {
        lowSums.mul(low).intoMemorySegment(c, to, ORDER);
        highSums.mul(high).intoMemorySegment(c, to + VECTOR_BYTES, ORDER);
      } else {
        lowSums
            .fma(low, FloatVector.fromMemorySegment(SPECIES, c, to, ORDER))
            .intoMemorySegment(c, to, ORDER);
        highSums
            .fma(high, FloatVector.fromMemorySegment(SPECIES, c, to + VECTOR_BYTES, ORDER))
            .intoMemorySegment(c, to + VECTOR_BYTES, ORDER);
      }
    }
  }
}
