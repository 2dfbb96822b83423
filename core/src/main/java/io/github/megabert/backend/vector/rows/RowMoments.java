// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.memory.FloatArrays;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Mean and variance of a row, as LayerNorm needs them: the mean first, then the sum of squared
 * differences from it; the differences' own sum corrects what rounding the mean left over (Chan,
 * Golub and LeVeque 1983, eq. 1.7), which an eps of 1e-12 would otherwise blow up on nearly
 * constant rows. A number x is normalised as {@code (x − mean − correction) · inverse}.
 *
 * @param mean rounded
 * @param correction what the rounded mean lacks
 * @param inverse {@code 1 / √(variance + eps)}
 */
public record RowMoments(float mean, float correction, float inverse) {
  /** Of an array: the plain form. */
  public static RowMoments of(float[] values, float eps) {
    int columns = values.length;
    float mean = mean(values);
    int whole = columns - columns % COUNT;
    float[] squareLanes = new float[COUNT];
    float[] restLanes = new float[COUNT];
    for (int i = 0; i < whole; i += COUNT) {
      for (int l = 0; l < COUNT; l++) {
        float difference = values[i + l] - mean;
        squareLanes[l] = Math.fma(difference, difference, squareLanes[l]);
        restLanes[l] += difference;
      }
    }
    double squares = Lanes.sum(squareLanes);
    double rest = Lanes.sum(restLanes);
    for (int i = whole; i < columns; i++) {
      float difference = values[i] - mean;
      squares += (double) difference * difference;
      rest += difference;
    }
    return new RowMoments(mean, correction(rest, columns), inverse(squares, rest, columns, eps));
  }

  private static float mean(float[] values) {
    int even = values.length - values.length % (2 * COUNT);
    float[] evens = new float[COUNT];
    float[] odds = new float[COUNT];
    for (int i = 0; i < even; i += 2 * COUNT) {
      for (int l = 0; l < COUNT; l++) {
        evens[l] += values[i + l];
        odds[l] += values[i + COUNT + l];
      }
    }
    FloatArrays.add(evens, odds);
    double sum = Lanes.sum(evens);
    for (int i = even; i < values.length; i++) {
      sum += values[i];
    }
    return (float) (sum / values.length);
  }

  /**
   * The vector form, which makes no object: leaves the moments in memory.
   *
   * @param lanes memory for two vectors, at {@code lane}
   */
  public static void write(
      MemorySegment x, long at, int columns, float eps, MemorySegment lanes, long lane) {
    float mean = mean(x, at, columns, lanes, lane);
    squares(x, at, columns, mean, lanes, lane);
    double squares = Lanes.sum(lanes, lane);
    double rest = Lanes.sum(lanes, lane + VECTOR_BYTES);
    for (int i = columns - columns % COUNT; i < columns; i++) {
      float difference = x.get(FLOAT, at + (long) i * Float.BYTES) - mean;
      squares += (double) difference * difference;
      rest += difference;
    }
    lanes.set(FLOAT, lane, mean);
    lanes.set(FLOAT, lane + 4, correction(rest, columns));
    lanes.set(FLOAT, lane + 8, inverse(squares, rest, columns, eps));
  }

  /** The mean that {@link #write} left. */
  public static float mean(MemorySegment lanes, long lane) {
    return lanes.get(FLOAT, lane);
  }

  /** The correction that {@link #write} left. */
  public static float correction(MemorySegment lanes, long lane) {
    return lanes.get(FLOAT, lane + 4);
  }

  /** The inverse that {@link #write} left. */
  public static float inverse(MemorySegment lanes, long lane) {
    return lanes.get(FLOAT, lane + 8);
  }

  /** What the rounded mean lacks: {@code rest} is the sum of the differences from it. */
  private static float correction(double rest, int columns) {
    return (float) (rest / columns);
  }

  private static float inverse(double squares, double rest, int columns, float eps) {
    double correction = rest / columns;
    double variance = Math.max(0, squares / columns - correction * correction);
    return (float) (1 / Math.sqrt(variance + eps));
  }

  private static float mean(MemorySegment x, long at, int columns, MemorySegment lanes, long lane) {
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = FloatVector.zero(SPECIES);
    int i = 0;
    for (; i <= columns - 2 * COUNT; i += 2 * COUNT) {
      long from = at + (long) i * Float.BYTES;
      even = FloatVector.fromMemorySegment(SPECIES, x, from, ORDER).add(even);
      odd = FloatVector.fromMemorySegment(SPECIES, x, from + VECTOR_BYTES, ORDER).add(odd);
    }
    even.add(odd).intoMemorySegment(lanes, lane, ORDER);
    double sum = Lanes.sum(lanes, lane);
    for (; i < columns; i++) {
      sum += x.get(FLOAT, at + (long) i * Float.BYTES);
    }
    return (float) (sum / columns);
  }

  /** Leaves the sums of squared and of plain differences, lane by lane. */
  private static void squares(
      MemorySegment x, long at, int columns, float mean, MemorySegment lanes, long lane) {
    FloatVector squares = FloatVector.zero(SPECIES);
    FloatVector rest = FloatVector.zero(SPECIES);
    for (int i = 0; i <= columns - COUNT; i += COUNT) {
      FloatVector difference =
          FloatVector.fromMemorySegment(SPECIES, x, at + (long) i * Float.BYTES, ORDER).sub(mean);
      squares = difference.fma(difference, squares);
      rest = difference.add(rest);
    }
    squares.intoMemorySegment(lanes, lane, ORDER);
    rest.intoMemorySegment(lanes, lane + VECTOR_BYTES, ORDER);
  }
}
