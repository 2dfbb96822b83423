// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.rows.AddRows;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/** Zeros and sums of whole matrices. */
public final class Elements {
  private final ElementBlocks blocks;
  private final Forms forms;
  private final ElementBlocks.Operation clearing = this::clear;
  private final ElementBlocks.Operation adding = this::add;
  private MemorySegment source = MemorySegment.NULL;
  private MemorySegment target = MemorySegment.NULL;

  public Elements(ElementBlocks blocks, Forms forms) {
    this.blocks = blocks;
    this.forms = forms;
  }

  /** {@code x = 0}. */
  public void clear(HostMatrix x) {
    target = x.segment();
    blocks.run(0, x.elements(), clearing);
  }

  /** {@code sum += x}, of as many elements. */
  public void add(HostMatrix x, HostMatrix sum) {
    source = x.segment();
    target = sum.segment();
    blocks.run(0, x.elements(), adding);
  }

  private void clear(long first, int count, int slot) {
    target.asSlice(first * Float.BYTES, (long) count * Float.BYTES).fill((byte) 0);
  }

  private void add(long first, int count, int slot) {
    long at = first * Float.BYTES;
    AddRows.add(forms, 1, count, source, at, 0, target, at, 0);
  }
}
