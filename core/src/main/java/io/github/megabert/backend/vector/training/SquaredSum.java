// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;

import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The sum of the squares of consecutive floats, in double, with two partial sums a lane. */
public final class SquaredSum extends Kernel {
  /** The kernel. */
  public static final SquaredSum KERNEL = new SquaredSum();

  private static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_PREFERRED;

  /** As many floats as a vector has doubles. */
  private static final int HALF = DOUBLES.length();

  private static final VectorSpecies<Float> FLOATS =
      VectorSpecies.of(float.class, VectorShape.forBitSize(HALF * Float.SIZE));

  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ORDER);

  private SquaredSum() {}

  /**
   * The sum over {@code count} floats.
   *
   * @param lanes memory for two vectors, at {@code lane}
   */
  public static double of(
      Forms forms, MemorySegment x, long offset, int count, MemorySegment lanes, long lane) {
    return KERNEL.isVector(forms) ? vector(x, offset, count, lanes, lane) : plain(x, offset, count);
  }

  private static double plain(MemorySegment x, long offset, int count) {
    float[] values = FloatArrays.read(x, offset, count);
    double[] sums = new double[COUNT];
    int whole = count - count % COUNT;
    for (int i = 0; i < whole; i += COUNT) {
      for (int l = 0; l < COUNT; l++) {
        double value = values[i + l];
        sums[l] = Math.fma(value, value, sums[l]);
      }
    }
    double sum = 0;
    for (double part : sums) {
      sum += part;
    }
    for (int i = whole; i < count; i++) {
      sum += (double) values[i] * values[i];
    }
    return sum;
  }

  private static double vector(
      MemorySegment x, long offset, int count, MemorySegment lanes, long lane) {
    DoubleVector low = DoubleVector.zero(DOUBLES);
    DoubleVector high = DoubleVector.zero(DOUBLES);
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long at = offset + (long) i * Float.BYTES;
      DoubleVector first =
          (DoubleVector)
              FloatVector.fromMemorySegment(FLOATS, x, at, ORDER)
                  .convertShape(VectorOperators.F2D, DOUBLES, 0);
      DoubleVector second =
          (DoubleVector)
              FloatVector.fromMemorySegment(FLOATS, x, at + HALF * 4L, ORDER)
                  .convertShape(VectorOperators.F2D, DOUBLES, 0);
      low = first.fma(first, low);
      high = second.fma(second, high);
    }
    low.intoMemorySegment(lanes, lane, ORDER);
    high.intoMemorySegment(lanes, lane + HALF * 8L, ORDER);
    double sum = 0;
    for (int l = 0; l < COUNT; l++) {
      sum += lanes.get(DOUBLE, lane + l * 8L);
    }
    for (; i < count; i++) {
      double value = x.get(FLOAT, offset + (long) i * Float.BYTES);
      sum += value * value;
    }
    return sum;
  }

  @Override
  @SuppressWarnings("CheckReturnValue") // It is computed to be compiled.
  protected void exercise(Operands on) {
    vector(on.input(), 0, on.count(), on.scratch(), 0);
  }
}
