package io.github.megabert.backend.vector;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The parts of a softmax over consecutive floats. */
final class SoftmaxRow {
  private SoftmaxRow() {}

  /**
   * The largest of {@code count} numbers, -∞ if there is none, any if one is NaN. By comparisons:
   * the maximum of Java, which minds NaN and the sign of zero, takes four times as long.
   */
  static float max(MemorySegment values, long offset, long step, int count) {
    FloatVector low = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    FloatVector high = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    long from = offset;
    int i = 0;
    for (; i <= count - PANEL; i += PANEL) {
      FloatVector x = FloatVector.fromMemorySegment(SPECIES, values, from, ORDER);
      low = x.blend(low, x.compare(VectorOperators.LE, low));
      x = FloatVector.fromMemorySegment(SPECIES, values, from + VECTOR_BYTES, ORDER);
      high = x.blend(high, x.compare(VectorOperators.LE, high));
      from += step;
    }
    float max =
        Math.max(low.reduceLanes(VectorOperators.MAX), high.reduceLanes(VectorOperators.MAX));
    for (; i < count; i++) {
      max = Math.max(max, values.get(FLOAT, from));
      from += Float.BYTES;
    }
    return max;
  }

  /** {@code values = values · scale + added}. */
  static void scaleAndAdd(
      MemorySegment values, long offset, long step, int count, float scale, long added) {
    FloatVector factor = FloatVector.broadcast(SPECIES, scale);
    long at = offset;
    long term = added;
    int i = 0;
    for (; i <= count - PANEL; i += PANEL) {
      FloatVector.fromMemorySegment(SPECIES, values, at, ORDER)
          .fma(factor, FloatVector.fromMemorySegment(SPECIES, values, term, ORDER))
          .intoMemorySegment(values, at, ORDER);
      FloatVector.fromMemorySegment(SPECIES, values, at + VECTOR_BYTES, ORDER)
          .fma(factor, FloatVector.fromMemorySegment(SPECIES, values, term + VECTOR_BYTES, ORDER))
          .intoMemorySegment(values, at + VECTOR_BYTES, ORDER);
      at += step;
      term += PANEL_BYTES;
    }
    for (; i < count; i++) {
      values.set(FLOAT, at, Math.fma(values.get(FLOAT, at), scale, values.get(FLOAT, term)));
      at += Float.BYTES;
      term += Float.BYTES;
    }
  }

  /**
   * Replaces x by {@code exp((x - max) · scale)} and returns the sum.
   *
   * @param lanes memory for one vector, at {@code lane}
   */
  static float exponentials(
      MemorySegment values,
      long offset,
      int count,
      float max,
      float scale,
      MemorySegment lanes,
      long lane) {
    float shift = -max * scale;
    FloatVector factor = FloatVector.broadcast(SPECIES, scale);
    FloatVector shifts = FloatVector.broadcast(SPECIES, shift);
    FloatVector sums = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      FloatVector e =
          Exponential.of(
              FloatVector.fromMemorySegment(SPECIES, values, at, ORDER).fma(factor, shifts));
      e.intoMemorySegment(values, at, ORDER);
      sums = e.add(sums);
    }
    sums.intoMemorySegment(lanes, lane, ORDER);
    float sum = Lanes.sum(lanes, lane);
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      float e = Exponential.of(Math.fma(values.get(FLOAT, at), scale, shift));
      values.set(FLOAT, at, e);
      sum += e;
    }
    return sum;
  }

  /**
   * The sum of {@code exp((x - max) · scale)}; the numbers stay.
   *
   * @param lanes memory for one vector, at {@code lane}
   */
  static float sumOfExponentials(
      MemorySegment values,
      long offset,
      int count,
      float max,
      float scale,
      MemorySegment lanes,
      long lane) {
    float shift = -max * scale;
    FloatVector factor = FloatVector.broadcast(SPECIES, scale);
    FloatVector shifts = FloatVector.broadcast(SPECIES, shift);
    FloatVector sums = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      FloatVector e =
          Exponential.of(
              FloatVector.fromMemorySegment(SPECIES, values, at, ORDER).fma(factor, shifts));
      sums = e.add(sums);
    }
    sums.intoMemorySegment(lanes, lane, ORDER);
    float sum = Lanes.sum(lanes, lane);
    for (; i < count; i++) {
      long at = offset + (long) i * Float.BYTES;
      float e = Exponential.of(Math.fma(values.get(FLOAT, at), scale, shift));
      sum += e;
    }
    return sum;
  }

  /** Writes {@code exp((x - max) · scale)} of numbers in panels and returns the sum. */
  static float exponentialsOfPanels(
      MemorySegment values,
      long offset,
      long step,
      int count,
      float max,
      float scale,
      float[] target,
      int at,
      MemorySegment lanes,
      long lane) {
    float shift = -max * scale;
    FloatVector factor = FloatVector.broadcast(SPECIES, scale);
    FloatVector shifts = FloatVector.broadcast(SPECIES, shift);
    FloatVector sums = FloatVector.zero(SPECIES);
    long from = offset;
    int i = 0;
    for (; i <= count - PANEL; i += PANEL) {
      FloatVector e =
          Exponential.of(
              FloatVector.fromMemorySegment(SPECIES, values, from, ORDER).fma(factor, shifts));
      e.intoArray(target, at + i);
      sums = e.add(sums);
      e =
          Exponential.of(
              FloatVector.fromMemorySegment(SPECIES, values, from + VECTOR_BYTES, ORDER)
                  .fma(factor, shifts));
      e.intoArray(target, at + i + COUNT);
      sums = e.add(sums);
      from += step;
    }
    if (i <= count - COUNT) {
      FloatVector e =
          Exponential.of(
              FloatVector.fromMemorySegment(SPECIES, values, from, ORDER).fma(factor, shifts));
      e.intoArray(target, at + i);
      sums = e.add(sums);
      from += VECTOR_BYTES;
      i += COUNT;
    }
    sums.intoMemorySegment(lanes, lane, ORDER);
    float sum = Lanes.sum(lanes, lane);
    for (; i < count; i++) {
      float e = Exponential.of(Math.fma(values.get(FLOAT, from), scale, shift));
      target[at + i] = e;
      sum += e;
      from += Float.BYTES;
    }
    return sum;
  }

  /** {@code target = source · factor}. */
  static void scale(
      MemorySegment source,
      long offset,
      long step,
      int count,
      float factor,
      MemorySegment target,
      long targetOffset) {
    long from = offset;
    long to = targetOffset;
    int i = 0;
    for (; i <= count - PANEL; i += PANEL) {
      FloatVector.fromMemorySegment(SPECIES, source, from, ORDER)
          .mul(factor)
          .intoMemorySegment(target, to, ORDER);
      FloatVector.fromMemorySegment(SPECIES, source, from + VECTOR_BYTES, ORDER)
          .mul(factor)
          .intoMemorySegment(target, to + VECTOR_BYTES, ORDER);
      from += step;
      to += PANEL_BYTES;
    }
    for (; i < count; i++) {
      target.set(FLOAT, to, source.get(FLOAT, from) * factor);
      from += Float.BYTES;
      to += Float.BYTES;
    }
  }
}
