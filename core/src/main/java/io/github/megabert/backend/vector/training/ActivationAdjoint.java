// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** {@code dX = dOut · activation′(x)} of consecutive floats. */
@SuppressWarnings("EnumOrdinal") // The order of the kernels never leaves the process.
public final class ActivationAdjoint extends Kernel {
  private static final ActivationAdjoint[] KERNELS =
      Arrays.stream(Activation.values())
          .map(ActivationAdjoint::new)
          .toArray(ActivationAdjoint[]::new);

  private final Activation activation;

  private ActivationAdjoint(Activation activation) {
    this.activation = activation;
  }

  /** The kernel of an activation. */
  public static ActivationAdjoint of(Activation activation) {
    return KERNELS[activation.ordinal()];
  }

  /** Computes {@code count} floats; all begin at one offset, and dX may be dOut. */
  public static void multiply(
      Forms forms,
      Activation activation,
      MemorySegment x,
      MemorySegment dOut,
      MemorySegment dX,
      long offset,
      int count) {
    if (of(activation).isVector(forms)) {
      ActivationSlopes.multiply(activation, x, dOut, dX, offset, count);
    } else {
      plain(activation, x, dOut, dX, offset, count);
    }
  }

  private static void plain(
      Activation activation,
      MemorySegment x,
      MemorySegment dOut,
      MemorySegment dX,
      long offset,
      int count) {
    float[] inputs = FloatArrays.read(x, offset, count);
    float[] values = FloatArrays.read(dOut, offset, count);
    for (int i = 0; i < count; i++) {
      values[i] *= ActivationSlopes.of(activation, inputs[i]);
    }
    FloatArrays.write(values, dX, offset);
  }

  @Override
  protected void exercise(Operands on) {
    ActivationSlopes.multiply(activation, on.input(), on.weights(), on.output(), 0, on.count());
  }
}
