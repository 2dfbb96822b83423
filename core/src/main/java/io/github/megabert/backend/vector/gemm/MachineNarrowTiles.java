// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import io.github.megabert.backend.Precision;
import io.github.megabert.backend.machine.MachineCode;
import io.github.megabert.backend.machine.NarrowTiles;
import io.github.megabert.backend.vector.Lanes;
import org.jspecify.annotations.Nullable;

/**
 * Products in bfloat16 and in 8 bits in machine code, where the processor has instructions for
 * them. There rows are rounded as weights are, so results are not those of the other forms, which
 * round weights alone: weights are packed in another layout, and a process has one or the other.
 */
public final class MachineNarrowTiles {
  private static final class Pairs {
    static final @Nullable NarrowTiles TILES = make(NarrowTiles.Kind.BF16);
  }

  private static final class Fours {
    static final @Nullable NarrowTiles TILES = make(NarrowTiles.Kind.INT8);
  }

  private MachineNarrowTiles() {}

  private static @Nullable NarrowTiles make(NarrowTiles.Kind kind) {
    return Lanes.COUNT == 16 || (Lanes.COUNT == 8 && kind == NarrowTiles.Kind.INT8)
        ? MachineCode.narrowTiles(new NarrowTiles.Form(kind, Lanes.COUNT, Gemm.DEPTH))
        : null;
  }

  /** The tiles of a precision; null where weights in it are packed for the Vector API. */
  public static @Nullable NarrowTiles of(Precision precision) {
    return switch (precision) {
      case BF16 -> Pairs.TILES;
      case INT8 -> Fours.TILES;
      default -> null;
    };
  }

  /** Those for weights of so many inputs. */
  static NarrowTiles.@Nullable Form form(Precision precision, int inputs) {
    NarrowTiles tiles = of(precision);
    return tiles == null || inputs % tiles.form().unit() != 0 ? null : tiles.form();
  }
}
