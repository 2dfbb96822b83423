package io.github.megabert.backend.vector.training;

import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.rows.AddRows;
import io.github.megabert.backend.vector.rows.ScaleRow;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/** Zeros, sums and multiples of whole matrices. */
public final class Elements {
  private final ElementBlocks blocks;
  private final Forms forms;
  private final ElementBlocks.Operation clearing = this::clear;
  private final ElementBlocks.Operation adding = this::add;
  private final ElementBlocks.Operation scaling = this::scale;
  private MemorySegment source = MemorySegment.NULL;
  private MemorySegment target = MemorySegment.NULL;
  private float factor;

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

  /** {@code x = by · x}. */
  public void scale(HostMatrix x, float by) {
    target = x.segment();
    factor = by;
    blocks.run(0, x.elements(), scaling);
  }

  private void clear(long first, int count, int slot) {
    target.asSlice(first * Float.BYTES, (long) count * Float.BYTES).fill((byte) 0);
  }

  private void add(long first, int count, int slot) {
    long at = first * Float.BYTES;
    AddRows.add(forms, 1, count, source, at, 0, target, at, 0);
  }

  private void scale(long first, int count, int slot) {
    long at = first * Float.BYTES;
    ScaleRow.scale(forms, target, at, PANEL_BYTES, count, factor, target, at);
  }
}
