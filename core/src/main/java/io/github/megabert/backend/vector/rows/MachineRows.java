// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import io.github.megabert.backend.machine.MachineCode;
import io.github.megabert.backend.machine.RowConstants;
import io.github.megabert.backend.machine.RowKernels;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.warmup.Forms;
import org.jspecify.annotations.Nullable;

/**
 * Kernels on rows in machine code, where that can be run. They give the bits of the other forms, at
 * full speed from the first call, and take many rows a call.
 */
public final class MachineRows {
  /** Made when they are first asked for; a constant, so that C2 takes the calls in. */
  private static final class Holder {
    static final @Nullable RowKernels KERNELS =
        MachineCode.rowKernels(
            Lanes.COUNT,
            new RowConstants(Exponential.constants(), Gelu.constants(), Tanh.constants()));
  }

  private MachineRows() {}

  /** The kernels, unless one of the other forms is asked for or there are none. */
  public static @Nullable RowKernels get(Forms forms) {
    return forms == Forms.WARMING ? Holder.KERNELS : null;
  }
}
