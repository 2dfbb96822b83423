// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.rows.RoundRow;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/**
 * Matrices of bfloat16 numbers: rounding, and packing of two numbers into a word. A word holds a
 * number of the first half of the rows and the one that stands as far down in the second half, so
 * that lanes stay in their order. Of an odd number of rows the middle one stands in both halves.
 */
public final class ElementHalves {
  private final ElementBlocks blocks;
  private final Forms forms;
  private final ElementBlocks.Operation rounding = this::round;
  private final ElementBlocks.Operation packing = this::pack;
  private final ElementBlocks.Operation unpacking = this::unpack;
  private MemorySegment numbers = MemorySegment.NULL;
  private MemorySegment words = MemorySegment.NULL;

  /** Bytes from a number to its partner. */
  private long distance;

  public ElementHalves(ElementBlocks blocks, Forms forms) {
    this.blocks = blocks;
    this.forms = forms;
  }

  /** Rounds every number. */
  public void round(HostMatrix x) {
    numbers = x.segment();
    blocks.run(0, x.elements(), rounding);
  }

  /** {@code [rows, columns]} into {@code [⌈rows/2⌉, columns]} words. */
  public void pack(HostMatrix x, HostMatrix halves) {
    set(x, halves);
    run(x, halves, packing);
  }

  /** The other way. */
  public void unpack(HostMatrix halves, HostMatrix x) {
    set(x, halves);
    run(x, halves, unpacking);
  }

  private void set(HostMatrix x, HostMatrix halves) {
    numbers = x.segment();
    words = halves.segment();
  }

  private void run(HostMatrix x, HostMatrix halves, ElementBlocks.Operation operation) {
    long pairs = x.elements() - halves.elements();
    distance = halves.elements() * Float.BYTES;
    blocks.run(0, pairs, operation);
    distance = 0;
    blocks.run(pairs, halves.elements() - pairs, operation);
  }

  private void round(long first, int count, int slot) {
    RoundRow.round(forms, numbers, first * Float.BYTES, count);
  }

  private void pack(long first, int count, int slot) {
    long at = first * Float.BYTES;
    PackHalves.pack(forms, numbers, at, at + distance, count, words, at);
  }

  private void unpack(long first, int count, int slot) {
    long at = first * Float.BYTES;
    UnpackHalves.unpack(forms, words, at, count, numbers, at, at + distance);
  }
}
