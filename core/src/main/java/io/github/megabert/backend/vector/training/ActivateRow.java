// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.rows.Activations;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** {@code out = activation(x)} of consecutive floats. */
@SuppressWarnings("EnumOrdinal") // The order of the kernels never leaves the process.
public final class ActivateRow extends Kernel {
  private static final ActivateRow[] KERNELS =
      Arrays.stream(Activation.values()).map(ActivateRow::new).toArray(ActivateRow[]::new);

  private final Activation activation;

  private ActivateRow(Activation activation) {
    this.activation = activation;
  }

  /** The kernel of an activation. */
  public static ActivateRow of(Activation activation) {
    return KERNELS[activation.ordinal()];
  }

  /** Computes {@code count} floats; both begin at one offset. */
  public static void apply(
      Forms forms,
      Activation activation,
      MemorySegment x,
      MemorySegment out,
      long offset,
      int count) {
    if (of(activation).isVector(forms)) {
      vector(activation, x, out, offset, count);
    } else {
      float[] values = FloatArrays.read(x, offset, count);
      Activations.apply(activation, values);
      FloatArrays.write(values, out, offset);
    }
  }

  private static void vector(
      Activation activation, MemorySegment x, MemorySegment out, long offset, int count) {
    MemorySegment.copy(x, offset, out, offset, (long) count * Float.BYTES);
    Activations.apply(activation, out, offset, count);
  }

  @Override
  protected void exercise(Operands on) {
    vector(activation, on.input(), on.output(), 0, on.count());
  }
}
