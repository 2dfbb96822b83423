package io.github.megabert.backend.vector;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.SPECIES;

import io.github.megabert.backend.Activation;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/**
 * What follows a matrix product, on the part of it that a task has just finished and that is still
 * in the second-level cache: {@code out = activation(sums + bias) + residual}.
 */
final class Epilogue {
  private MemorySegment bias = MemorySegment.NULL;
  private Activation activation = Activation.IDENTITY;
  private @Nullable MemorySegment residual;
  private MemorySegment sums = MemorySegment.NULL;
  private MemorySegment out = MemorySegment.NULL;
  private int columns;

  /**
   * Says what to do.
   *
   * @param sums the product; the same memory as {@code out} unless residual is that
   * @param columns columns of sums, residual and out; bias has a number for each
   */
  void set(
      MemorySegment bias,
      Activation activation,
      @Nullable MemorySegment residual,
      MemorySegment sums,
      MemorySegment out,
      int columns) {
    this.bias = bias;
    this.activation = activation;
    this.residual = residual;
    this.sums = sums;
    this.out = out;
    this.columns = columns;
  }

  /** Does it for some rows and columns. */
  void apply(int fromRow, int toRow, int fromColumn, int toColumn) {
    int count = toColumn - fromColumn;
    long biasAt = (long) fromColumn * Float.BYTES;
    MemorySegment added = residual;
    for (int row = fromRow; row < toRow; row++) {
      long at = ((long) row * columns + fromColumn) * Float.BYTES;
      if (activation == Activation.IDENTITY && added != null) {
        addBiasAndResidual(at, biasAt, added, count);
        continue;
      }
      addBias(at, biasAt, count);
      Activations.apply(activation, sums, at, count);
      if (added != null) {
        addResidual(at, added, count);
      }
    }
  }

  private void addBias(long at, long biasAt, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector.fromMemorySegment(SPECIES, sums, at + step, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, bias, biasAt + step, ORDER))
          .intoMemorySegment(sums, at + step, ORDER);
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      sums.set(FLOAT, at + step, sums.get(FLOAT, at + step) + bias.get(FLOAT, biasAt + step));
    }
  }

  private void addBiasAndResidual(long at, long biasAt, MemorySegment added, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector.fromMemorySegment(SPECIES, sums, at + step, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, bias, biasAt + step, ORDER))
          .add(FloatVector.fromMemorySegment(SPECIES, added, at + step, ORDER))
          .intoMemorySegment(out, at + step, ORDER);
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      float sum = sums.get(FLOAT, at + step) + bias.get(FLOAT, biasAt + step);
      out.set(FLOAT, at + step, sum + added.get(FLOAT, at + step));
    }
  }

  private void addResidual(long at, MemorySegment added, int count) {
    int i = 0;
    for (; i <= count - COUNT; i += COUNT) {
      long step = (long) i * Float.BYTES;
      FloatVector.fromMemorySegment(SPECIES, sums, at + step, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, added, at + step, ORDER))
          .intoMemorySegment(out, at + step, ORDER);
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      out.set(FLOAT, at + step, sums.get(FLOAT, at + step) + added.get(FLOAT, at + step));
    }
  }
}
