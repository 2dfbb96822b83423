package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import io.github.megabert.backend.vector.Lanes;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The parts of a softmax over floats that lie together or in panels. Each has one loop, over single
 * vectors: C2 does not inline {@link Exponential} at a call site that is not in a loop.
 */
public final class SoftmaxRow {
  private static final int PANEL_BITS = Integer.numberOfTrailingZeros(PANEL);

  private SoftmaxRow() {}

  /** Where the i-th number lies of those that begin at {@code offset} in panels. */
  private static long at(long offset, long step, int i) {
    return offset + (i >> PANEL_BITS) * step + (i & (PANEL - 1)) * (long) Float.BYTES;
  }

  /**
   * The largest of {@code count} numbers, -∞ if there is none, any if one is NaN. By comparisons:
   * the maximum of Java, which minds NaN and the sign of zero, takes four times as long.
   */
  public static float max(MemorySegment values, long offset, long step, int count) {
    FloatVector maxima = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      FloatVector x = FloatVector.fromMemorySegment(SPECIES, values, at(offset, step, i), ORDER);
      maxima = x.blend(maxima, x.compare(VectorOperators.LE, maxima));
    }
    float max = maxima.reduceLanes(VectorOperators.MAX);
    for (; i < count; i++) {
      max = Math.max(max, values.get(FLOAT, at(offset, step, i)));
    }
    return max;
  }

  /** {@code values = values · scale + added}. */
  public static void scaleAndAdd(
      MemorySegment values, long offset, long step, int count, float scale, long added) {
    FloatVector factor = FloatVector.broadcast(SPECIES, scale);
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = at(offset, step, i);
      FloatVector.fromMemorySegment(SPECIES, values, at, ORDER)
          .fma(
              factor,
              FloatVector.fromMemorySegment(SPECIES, values, added + (long) i * Float.BYTES, ORDER))
          .intoMemorySegment(values, at, ORDER);
    }
    for (; i < count; i++) {
      long at = at(offset, step, i);
      float term = values.get(FLOAT, added + (long) i * Float.BYTES);
      values.set(FLOAT, at, Math.fma(values.get(FLOAT, at), scale, term));
    }
  }

  /**
   * Replaces x by {@code exp((x - max) · scale)} and returns the sum.
   *
   * @param lanes memory for one vector, at {@code lane}
   */
  public static float exponentials(
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
  public static float sumOfExponentials(
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
  public static float exponentialsOfPanels(
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
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      FloatVector e =
          Exponential.of(
              FloatVector.fromMemorySegment(SPECIES, values, at(offset, step, i), ORDER)
                  .fma(factor, shifts));
      e.intoArray(target, at + i);
      sums = e.add(sums);
    }
    sums.intoMemorySegment(lanes, lane, ORDER);
    float sum = Lanes.sum(lanes, lane);
    for (; i < count; i++) {
      float x = values.get(FLOAT, at(offset, step, i));
      float e = Exponential.of(Math.fma(x, scale, shift));
      target[at + i] = e;
      sum += e;
    }
    return sum;
  }

  /** {@code target = source · factor}. */
  public static void scale(
      MemorySegment source,
      long offset,
      long step,
      int count,
      float factor,
      MemorySegment target,
      long targetOffset) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      FloatVector.fromMemorySegment(SPECIES, source, at(offset, step, i), ORDER)
          .mul(factor)
          .intoMemorySegment(target, targetOffset + (long) i * Float.BYTES, ORDER);
    }
    for (; i < count; i++) {
      float x = source.get(FLOAT, at(offset, step, i));
      target.set(FLOAT, targetOffset + (long) i * Float.BYTES, x * factor);
    }
  }
}
