// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.rows.RowMoments;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The adjoint of LayerNorm for a row. With n the normalised row, w the weight and d the output's
 * gradient: {@code dX = (w·d − mean(w·d) − n · mean(w·d·n)) / √(variance + eps)}, and d·n and d are
 * added to sums over rows.
 */
public final class LayerNormAdjointRow extends Kernel {
  /** The kernel. */
  public static final LayerNormAdjointRow KERNEL = new LayerNormAdjointRow();

  private LayerNormAdjointRow() {}

  /**
   * The adjoint for the row that begins at {@code at} in x, dOut and dX.
   *
   * @param dX {@link MemorySegment#NULL} if it is not wanted
   * @param sums of {@code d·n}, {@code columns} floats at {@code sumsAt}, and of d, as many behind
   * @param lanes memory for two vectors, at {@code lane}
   */
  public static void run(
      Forms forms,
      MemorySegment x,
      MemorySegment dOut,
      long at,
      MemorySegment weight,
      int columns,
      float eps,
      boolean add,
      MemorySegment dX,
      MemorySegment sums,
      long sumsAt,
      MemorySegment lanes,
      long lane) {
    if (KERNEL.isVector(forms)) {
      vector(x, dOut, at, weight, columns, eps, add, dX, sums, sumsAt, lanes, lane);
    } else {
      plain(x, dOut, at, weight, columns, eps, add, dX, sums, sumsAt);
    }
  }

  private static void plain(
      MemorySegment x,
      MemorySegment dOut,
      long at,
      MemorySegment weight,
      int columns,
      float eps,
      boolean add,
      MemorySegment dX,
      MemorySegment sums,
      long sumsAt) {
    float[] normal = FloatArrays.read(x, at, columns);
    float[] gradient = FloatArrays.read(dOut, at, columns);
    float[] factor = FloatArrays.read(weight, 0, columns);
    float[] rowSums = FloatArrays.read(sums, sumsAt, 2 * columns);
    RowMoments moments = RowMoments.of(normal, eps);
    float[] scaled = new float[columns];
    for (int i = 0; i < columns; i++) {
      normal[i] = (normal[i] - moments.mean() - moments.correction()) * moments.inverse();
      scaled[i] = gradient[i] * factor[i];
      rowSums[i] = Math.fma(gradient[i], normal[i], rowSums[i]);
      rowSums[columns + i] += gradient[i];
    }
    FloatArrays.write(rowSums, sums, sumsAt);
    if (dX.byteSize() == 0) {
      return;
    }
    int whole = columns - columns % COUNT;
    float[] firstLanes = new float[COUNT];
    float[] secondLanes = new float[COUNT];
    for (int i = 0; i < whole; i++) {
      firstLanes[i % COUNT] += scaled[i];
      secondLanes[i % COUNT] = Math.fma(scaled[i], normal[i], secondLanes[i % COUNT]);
    }
    double first = Lanes.sum(firstLanes);
    double second = Lanes.sum(secondLanes);
    for (int i = whole; i < columns; i++) {
      first += scaled[i];
      second += (double) scaled[i] * normal[i];
    }
    float mean = (float) (first / columns);
    float product = (float) (second / columns);
    float[] result = add ? FloatArrays.read(dX, at, columns) : new float[columns];
    for (int i = 0; i < columns; i++) {
      float value = Math.fma(normal[i], -product, scaled[i] - mean) * moments.inverse();
      result[i] = add ? value + result[i] : value;
    }
    FloatArrays.write(result, dX, at);
  }

  private static void vector(
      MemorySegment x,
      MemorySegment dOut,
      long at,
      MemorySegment weight,
      int columns,
      float eps,
      boolean add,
      MemorySegment dX,
      MemorySegment sums,
      long sumsAt,
      MemorySegment lanes,
      long lane) {
    RowMoments.write(x, at, columns, eps, lanes, lane);
    float mean = RowMoments.mean(lanes, lane);
    float correction = RowMoments.correction(lanes, lane);
    float inverse = RowMoments.inverse(lanes, lane);
    addToSums(x, dOut, at, columns, mean, correction, inverse, sums, sumsAt);
    if (dX.byteSize() == 0) {
      return;
    }
    project(x, dOut, at, weight, columns, mean, correction, inverse, lanes, lane);
    double first = Lanes.sum(lanes, lane);
    double second = Lanes.sum(lanes, lane + VECTOR_BYTES);
    for (int i = columns - columns % COUNT; i < columns; i++) {
      long step = (long) i * Float.BYTES;
      float scaled = dOut.get(FLOAT, at + step) * weight.get(FLOAT, step);
      float normal = (x.get(FLOAT, at + step) - mean - correction) * inverse;
      first += scaled;
      second += (double) scaled * normal;
    }
    float shift = (float) (first / columns);
    float product = (float) (second / columns);
    if (add) {
      addTo(x, dOut, at, weight, columns, mean, correction, inverse, shift, product, dX);
    } else {
      write(x, dOut, at, weight, columns, mean, correction, inverse, shift, product, dX);
    }
  }

  private static void addToSums(
      MemorySegment x,
      MemorySegment dOut,
      long at,
      int columns,
      float mean,
      float correction,
      float inverse,
      MemorySegment sums,
      long sumsAt) {
    long behind = sumsAt + (long) columns * Float.BYTES;
    int i = 0;
    for (; i <= columns - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector gradient = FloatVector.fromMemorySegment(SPECIES, dOut, at + step, ORDER);
      gradient
          .fma(
              FloatVector.fromMemorySegment(SPECIES, x, at + step, ORDER)
                  .sub(mean)
                  .sub(correction)
                  .mul(inverse),
              FloatVector.fromMemorySegment(SPECIES, sums, sumsAt + step, ORDER))
          .intoMemorySegment(sums, sumsAt + step, ORDER);
      gradient
          .add(FloatVector.fromMemorySegment(SPECIES, sums, behind + step, ORDER))
          .intoMemorySegment(sums, behind + step, ORDER);
    }
    for (; i < columns; i++) {
      long step = (long) i * Float.BYTES;
      float gradient = dOut.get(FLOAT, at + step);
      float normal = (x.get(FLOAT, at + step) - mean - correction) * inverse;
      sums.set(FLOAT, sumsAt + step, Math.fma(gradient, normal, sums.get(FLOAT, sumsAt + step)));
      sums.set(FLOAT, behind + step, gradient + sums.get(FLOAT, behind + step));
    }
  }

  /** Leaves the sums of {@code w·d} and of {@code w·d·n}, lane by lane. */
  private static void project(
      MemorySegment x,
      MemorySegment dOut,
      long at,
      MemorySegment weight,
      int columns,
      float mean,
      float correction,
      float inverse,
      MemorySegment lanes,
      long lane) {
    FloatVector first = FloatVector.zero(SPECIES);
    FloatVector second = FloatVector.zero(SPECIES);
    for (int i = 0; i <= columns - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector scaled =
          FloatVector.fromMemorySegment(SPECIES, dOut, at + step, ORDER)
              .mul(FloatVector.fromMemorySegment(SPECIES, weight, step, ORDER));
      FloatVector normal =
          FloatVector.fromMemorySegment(SPECIES, x, at + step, ORDER)
              .sub(mean)
              .sub(correction)
              .mul(inverse);
      first = scaled.add(first);
      second = scaled.fma(normal, second);
    }
    first.intoMemorySegment(lanes, lane, ORDER);
    second.intoMemorySegment(lanes, lane + VECTOR_BYTES, ORDER);
  }

  private static FloatVector gradient(
      FloatVector scaled,
      FloatVector x,
      float mean,
      float correction,
      float inverse,
      float shift,
      float product) {
    return x.sub(mean)
        .sub(correction)
        .mul(inverse)
        .fma(FloatVector.broadcast(SPECIES, -product), scaled.sub(shift))
        .mul(inverse);
  }

  private static float gradient(
      float scaled,
      float x,
      float mean,
      float correction,
      float inverse,
      float shift,
      float product) {
    float normal = (x - mean - correction) * inverse;
    return Math.fma(normal, -product, scaled - shift) * inverse;
  }

  private static void write(
      MemorySegment x,
      MemorySegment dOut,
      long at,
      MemorySegment weight,
      int columns,
      float mean,
      float correction,
      float inverse,
      float shift,
      float product,
      MemorySegment dX) {
    int i = 0;
    for (; i <= columns - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector scaled =
          FloatVector.fromMemorySegment(SPECIES, dOut, at + step, ORDER)
              .mul(FloatVector.fromMemorySegment(SPECIES, weight, step, ORDER));
      FloatVector row = FloatVector.fromMemorySegment(SPECIES, x, at + step, ORDER);
      gradient(scaled, row, mean, correction, inverse, shift, product)
          .intoMemorySegment(dX, at + step, ORDER);
    }
    for (; i < columns; i++) {
      long step = (long) i * Float.BYTES;
      float scaled = dOut.get(FLOAT, at + step) * weight.get(FLOAT, step);
      float row = x.get(FLOAT, at + step);
      dX.set(FLOAT, at + step, gradient(scaled, row, mean, correction, inverse, shift, product));
    }
  }

  private static void addTo(
      MemorySegment x,
      MemorySegment dOut,
      long at,
      MemorySegment weight,
      int columns,
      float mean,
      float correction,
      float inverse,
      float shift,
      float product,
      MemorySegment dX) {
    int i = 0;
    for (; i <= columns - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector scaled =
          FloatVector.fromMemorySegment(SPECIES, dOut, at + step, ORDER)
              .mul(FloatVector.fromMemorySegment(SPECIES, weight, step, ORDER));
      FloatVector row = FloatVector.fromMemorySegment(SPECIES, x, at + step, ORDER);
      gradient(scaled, row, mean, correction, inverse, shift, product)
          .add(FloatVector.fromMemorySegment(SPECIES, dX, at + step, ORDER))
          .intoMemorySegment(dX, at + step, ORDER);
    }
    for (; i < columns; i++) {
      long step = (long) i * Float.BYTES;
      float scaled = dOut.get(FLOAT, at + step) * weight.get(FLOAT, step);
      float row = x.get(FLOAT, at + step);
      float value = gradient(scaled, row, mean, correction, inverse, shift, product);
      dX.set(FLOAT, at + step, value + dX.get(FLOAT, at + step));
    }
  }

  @Override
  protected void exercise(Operands on) {
    MemorySegment x = on.input();
    MemorySegment weight = on.weights();
    int count = on.count();
    boolean add = on.either(0, 1) == 1;
    // The lanes lie behind the sums of the longest row.
    long lane = 3 * Operands.STRIDE;
    MemorySegment scratch = on.scratch();
    MemorySegment dX = on.call() % 8 == 7 ? MemorySegment.NULL : on.output();
    vector(x, weight, 0, weight, count, 1e-5f, add, dX, scratch, 0, scratch, lane);
  }
}
