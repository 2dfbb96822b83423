package io.github.megabert.backend.vector;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** The parts of a softmax over consecutive floats. */
final class SoftmaxRow {
  private SoftmaxRow() {}

  /** The largest of {@code count} numbers, NaN if one is NaN, -∞ if there is none. */
  static float max(MemorySegment values, long offset, int count) {
    int i = 0;
    float max = Float.NEGATIVE_INFINITY;
    if (count >= COUNT) {
      FloatVector highest = FloatVector.fromMemorySegment(SPECIES, values, offset, ORDER);
      for (i = COUNT; i <= count - COUNT; i += COUNT) {
        highest =
            FloatVector.fromMemorySegment(SPECIES, values, offset + (long) i * Float.BYTES, ORDER)
                .max(highest);
      }
      max = highest.reduceLanes(VectorOperators.MAX);
    }
    for (; i < count; i++) {
      max = Math.max(max, values.get(FLOAT, offset + (long) i * Float.BYTES));
    }
    return max;
  }

  /** {@code values = values · scale + added}. */
  static void scaleAndAdd(MemorySegment values, long offset, int count, float scale, long added) {
    int i = 0;
    FloatVector factor = FloatVector.broadcast(SPECIES, scale);
    for (; i <= count - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector.fromMemorySegment(SPECIES, values, offset + step, ORDER)
          .fma(factor, FloatVector.fromMemorySegment(SPECIES, values, added + step, ORDER))
          .intoMemorySegment(values, offset + step, ORDER);
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      float value = values.get(FLOAT, offset + step);
      values.set(FLOAT, offset + step, Math.fma(value, scale, values.get(FLOAT, added + step)));
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

  /** {@code target = source · factor}. */
  static void scale(
      MemorySegment source,
      long offset,
      int count,
      float factor,
      MemorySegment target,
      long targetOffset) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector.fromMemorySegment(SPECIES, source, offset + step, ORDER)
          .mul(factor)
          .intoMemorySegment(target, targetOffset + step, ORDER);
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      target.set(FLOAT, targetOffset + step, source.get(FLOAT, offset + step) * factor);
    }
  }
}
