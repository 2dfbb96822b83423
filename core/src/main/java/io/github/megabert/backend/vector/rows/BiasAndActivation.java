// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.SPECIES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** {@code target = activation(sums + bias)} of a row: the end of a product. */
@SuppressWarnings("EnumOrdinal") // The order of the kernels never leaves the process.
public final class BiasAndActivation extends Kernel {
  private static final BiasAndActivation[] KERNELS =
      Arrays.stream(Activation.values())
          .map(BiasAndActivation::new)
          .toArray(BiasAndActivation[]::new);

  private final Activation activation;

  private BiasAndActivation(Activation activation) {
    this.activation = activation;
  }

  /** The kernel of an activation. */
  public static BiasAndActivation of(Activation activation) {
    return KERNELS[activation.ordinal()];
  }

  /**
   * Computes {@code count} floats; target may be sums, at the same offset.
   *
   * @param sumsStep bytes from the sums of a panel's columns to those of the next
   */
  public static void apply(
      Forms forms,
      Activation activation,
      MemorySegment sums,
      long sumsOffset,
      long sumsStep,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    if (of(activation).isVector(forms)) {
      vector(activation, sums, sumsOffset, sumsStep, target, offset, bias, biasOffset, count);
    } else {
      plain(activation, sums, sumsOffset, sumsStep, target, offset, bias, biasOffset, count);
    }
  }

  private static void plain(
      Activation activation,
      MemorySegment sums,
      long sumsOffset,
      long sumsStep,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    float[] values = FloatArrays.readPanels(sums, sumsOffset, sumsStep, count);
    FloatArrays.add(values, FloatArrays.read(bias, biasOffset, count));
    Activations.apply(activation, values);
    FloatArrays.write(values, target, offset);
  }

  private static void vector(
      Activation activation,
      MemorySegment sums,
      long sumsOffset,
      long sumsStep,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    addBias(sums, sumsOffset, sumsStep, target, offset, bias, biasOffset, count);
    Activations.apply(activation, target, offset, count);
  }

  private static void addBias(
      MemorySegment sums,
      long sumsOffset,
      long sumsStep,
      MemorySegment target,
      long offset,
      MemorySegment bias,
      long biasOffset,
      int count) {
    long from = sumsOffset;
    int i = 0;
    for (; i <= count - PANEL; i += PANEL) {
      long step = (long) i * Float.BYTES;
      long second = step + VECTOR_BYTES;
      FloatVector.fromMemorySegment(SPECIES, sums, from, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, bias, biasOffset + step, ORDER))
          .intoMemorySegment(target, offset + step, ORDER);
      FloatVector.fromMemorySegment(SPECIES, sums, from + VECTOR_BYTES, ORDER)
          .add(FloatVector.fromMemorySegment(SPECIES, bias, biasOffset + second, ORDER))
          .intoMemorySegment(target, offset + second, ORDER);
      from += sumsStep;
    }
    for (; i < count; i++) {
      long step = (long) i * Float.BYTES;
      float sum = sums.get(FLOAT, from) + bias.get(FLOAT, biasOffset + step);
      target.set(FLOAT, offset + step, sum);
      from += Float.BYTES;
    }
  }

  @Override
  protected void exercise(Operands on) {
    MemorySegment out = on.output();
    vector(activation, out, 0, PANEL_BYTES, out, 0, on.weights(), 0, on.count());
  }
}
