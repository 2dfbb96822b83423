// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.DropoutMask;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Dropout of every element, with a residual or without; without, it is its own adjoint. */
public final class ElementDropout implements ElementBlocks.Operation {
  /** Elements whose factors are made at once: they stay in the first-level cache. */
  private static final int PIECE = 1024;

  /** Factors of a piece that begins within a block, and what the kernel writes behind them. */
  private static final long SLOT_BYTES = (PIECE + 4 + DropoutFactors.SLACK) * 4L;

  private final ElementBlocks blocks;
  private final KernelMemory memory;
  private final Forms forms;
  private DropoutMask mask = new DropoutMask(0, 0, 0, 0);
  private long position;
  private MemorySegment x = MemorySegment.NULL;
  private MemorySegment residual = MemorySegment.NULL;
  private MemorySegment out = MemorySegment.NULL;
  private MemorySegment factors = MemorySegment.NULL;

  public ElementDropout(ElementBlocks blocks, KernelMemory memory, Forms forms) {
    this.blocks = blocks;
    this.memory = memory;
    this.forms = forms;
  }

  /** {@code target = mask ⊙ source / (1 − p) + added}; the target may be either. */
  public void apply(
      Dropout dropout, HostMatrix source, @Nullable HostMatrix added, HostMatrix target) {
    mask = dropout.mask();
    position = dropout.position();
    x = source.segment();
    residual = added == null ? MemorySegment.NULL : added.segment();
    out = target.segment();
    factors = memory.ofSize(blocks.slots() * SLOT_BYTES);
    blocks.run(0, source.elements(), this);
  }

  @Override
  public void run(long first, int count, int slot) {
    long at = slot * SLOT_BYTES;
    for (int i = 0; i < count; i += PIECE) {
      int piece = Math.min(PIECE, count - i);
      long from = position + first + i;
      int within = (int) (from & 3);
      DropoutFactors.write(forms, mask, from >>> 2, Math.ceilDiv(within + piece, 4), factors, at);
      long offset = (first + i) * Float.BYTES;
      DropRow.apply(forms, x, residual, out, offset, factors, at + within * 4L, piece);
    }
  }
}
