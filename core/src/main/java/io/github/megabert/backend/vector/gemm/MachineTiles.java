// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.machine.FloatTiles;
import io.github.megabert.backend.machine.MachineCode;
import io.github.megabert.backend.vector.Lanes;
import io.github.megabert.backend.vector.rows.MachineRows;
import io.github.megabert.backend.vector.warmup.Forms;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The tiles of {@link StridedTiles} and {@link RowTiles} over panels of float32 in machine code,
 * where that can be run. They give the bits of the other forms, at full speed from the first call.
 */
public final class MachineTiles {
  /**
   * Rows of the lowest tile: two of them have as many as the highest, so that all larger numbers of
   * rows are cut without a rest.
   */
  private static final int LOWEST = 6;

  /** Made when they are first asked for; a constant, so that C2 takes the calls in. */
  private static final class Holder {
    static final @Nullable FloatTiles TILES =
        MachineCode.floatTiles(
            new FloatTiles.Form(
                Lanes.COUNT,
                StridedTiles.HIGH,
                Math.min(StridedTiles.HIGH, LOWEST),
                StridedRows.DISTANCE));
  }

  private static final AtomicBoolean BEGUN = new AtomicBoolean();

  private MachineTiles() {}

  /** The tiles, unless one of the other forms is asked for or there are none. */
  public static @Nullable FloatTiles get(Forms forms) {
    return forms == Forms.WARMING ? Holder.TILES : null;
  }

  /** Whether there are any. */
  public static boolean serve() {
    return Holder.TILES != null;
  }

  private static void make() {
    get(Forms.WARMING);
    MachineRows.get(Forms.WARMING);
  }

  /** Makes them, and what follows products, on another thread, while a model is being loaded. */
  public static void prepare() {
    if (BEGUN.compareAndSet(false, true)) {
      Thread.ofPlatform().daemon().name("megabert-machine-code").start(MachineTiles::make);
    }
  }
}
