// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.rows.AddRows;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The adjoint of LayerNorm: {@value #ROWS} rows a task. Each task leaves its sums over rows, and
 * they are added in the order of rows.
 */
public final class LayerNormAdjoint implements Team.Body {
  private static final int ROWS = 64;

  private final Team team;
  private final KernelMemory memory;
  private final Forms forms;
  private MemorySegment x = MemorySegment.NULL;
  private MemorySegment weight = MemorySegment.NULL;
  private MemorySegment dOut = MemorySegment.NULL;
  private MemorySegment dX = MemorySegment.NULL;
  private MemorySegment scratch = MemorySegment.NULL;
  private boolean add;
  private int rows;
  private int columns;
  private float eps;

  public LayerNormAdjoint(Team team, KernelMemory memory, Forms forms) {
    this.team = team;
    this.memory = memory;
    this.forms = forms;
  }

  /**
   * The gradients of input and parameters.
   *
   * @param add whether to add to the input's gradient
   */
  public void run(
      HostMatrix input,
      MemorySegment weight,
      float eps,
      HostMatrix gradient,
      boolean add,
      @Nullable HostMatrix inputGradient,
      @Nullable HostMatrix dWeight,
      @Nullable HostMatrix dBias) {
    x = input.segment();
    this.weight = weight;
    this.eps = eps;
    dOut = gradient.segment();
    this.add = add;
    dX = inputGradient == null ? MemorySegment.NULL : inputGradient.segment();
    rows = input.rows();
    columns = input.columns();
    int blocks = Math.ceilDiv(rows, ROWS);
    scratch = memory.ofSize(sumsAt(blocks));
    team.run(blocks, this);
    addSums(blocks, 0, dWeight);
    addSums(blocks, (long) columns * Float.BYTES, dBias);
  }

  private void addSums(int blocks, long offset, @Nullable HostMatrix target) {
    if (target != null) {
      AddRows.add(
          forms, blocks, columns, scratch, sumsAt(0) + offset, sumsBytes(), target.segment(), 0, 0);
    }
  }

  private long sumsBytes() {
    return 2L * columns * Float.BYTES;
  }

  /** Behind the lanes of each slot. */
  private long sumsAt(int block) {
    return (long) team.slots() * 2 * VECTOR_BYTES + block * sumsBytes();
  }

  @Override
  public void run(int block, int next, int slot) {
    long sums = sumsAt(block);
    long lane = (long) slot * 2 * VECTOR_BYTES;
    clear(sums);
    int end = Math.min(rows, (block + 1) * ROWS);
    for (int row = block * ROWS; row < end; row++) {
      long at = (long) row * columns * Float.BYTES;
      LayerNormAdjointRow.run(
          forms, x, dOut, at, weight, columns, eps, add, dX, scratch, sums, scratch, lane);
    }
  }

  /** By a loop: a slice to be filled would be an object. */
  private void clear(long sums) {
    for (long at = sums; at < sums + sumsBytes(); at += Float.BYTES) {
      scratch.set(FLOAT, at, 0);
    }
  }
}
