// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/** The sum of all squares of some rows: a partial sum a block, added in the order of blocks. */
public final class SquaredNorm implements ElementBlocks.Operation {
  private final ElementBlocks blocks;
  private final KernelMemory memory;
  private final Forms forms;
  private MemorySegment x = MemorySegment.NULL;
  private MemorySegment lanes = MemorySegment.NULL;
  private long begin;

  /** Of each block; grows to the most there have been. */
  private double[] sums = new double[64];

  public SquaredNorm(ElementBlocks blocks, KernelMemory memory, Forms forms) {
    this.blocks = blocks;
    this.memory = memory;
    this.forms = forms;
  }

  /** The sum over {@code rows} rows from {@code firstRow} on. */
  public double of(HostMatrix matrix, int firstRow, int rows) {
    x = matrix.segment();
    lanes = memory.ofSize((long) blocks.slots() * 2 * VECTOR_BYTES);
    begin = (long) firstRow * matrix.columns();
    long elements = (long) rows * matrix.columns();
    int count = ElementBlocks.count(elements);
    if (sums.length < count) {
      sums = new double[count];
    }
    blocks.run(begin, elements, this);
    double sum = 0;
    for (int block = 0; block < count; block++) {
      sum += sums[block];
    }
    return sum;
  }

  @Override
  public void run(long first, int count, int slot) {
    long lane = (long) slot * 2 * VECTOR_BYTES;
    int block = (int) ((first - begin) / ElementBlocks.BLOCK);
    sums[block] = SquaredSum.of(forms, x, first * Float.BYTES, count, lanes, lane);
  }
}
