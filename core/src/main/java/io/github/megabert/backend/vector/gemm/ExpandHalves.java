// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.backend.vector.warmup.Forms;
import io.github.megabert.backend.vector.warmup.Kernel;
import io.github.megabert.backend.vector.warmup.Operands;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Brings rows of binary16, laid out as {@link NarrowWeights} says, to a panel of float32. */
public final class ExpandHalves extends Kernel {
  /** The kernel. */
  public static final ExpandHalves KERNEL = new ExpandHalves();

  /** Turns the exponent of a binary16, shifted to its place in a binary32, into the right one. */
  private static final float REBIAS = 0x1p112f;

  private static final VectorSpecies<Integer> WORDS = IntVector.SPECIES_PREFERRED;

  private ExpandHalves() {}

  /** Expands {@code rows} rows. */
  public static void expand(
      Forms forms,
      MemorySegment words,
      long offset,
      int rows,
      MemorySegment panel,
      long panelOffset) {
    if (KERNEL.isVector(forms)) {
      vector(words, offset, rows, panel, panelOffset);
    } else {
      FloatArrays.write(NarrowWeights.readHalves(words, offset, rows), panel, panelOffset);
    }
  }

  private static void vector(
      MemorySegment words, long offset, int rows, MemorySegment panel, long at) {
    for (int k = 0; k < rows; k++) {
      IntVector both = load(words, offset + (long) k * VECTOR_BYTES);
      long row = at + (long) k * PANEL_BYTES;
      half(both.lanewise(VectorOperators.LSHL, 16)).intoMemorySegment(panel, row, ORDER);
      half(both).intoMemorySegment(panel, row + VECTOR_BYTES, ORDER);
    }
  }

  /**
   * The numbers whose binary16 is the upper half of each word: shifted as a signed number, the sign
   * stays where it is while exponent and fraction move to their places.
   */
  private static FloatVector half(IntVector upper) {
    return upper
        .lanewise(VectorOperators.ASHR, 3)
        .and(0x8fffe000)
        .reinterpretAsFloats()
        .mul(REBIAS);
  }

  private static IntVector load(MemorySegment words, long at) {
    return IntVector.fromMemorySegment(WORDS, words, at, ORDER);
  }

  @Override
  protected void exercise(Operands on) {
    vector(on.input(), 0, on.either(11, 10), on.output(), 0);
  }
}
