// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.machine.RowKernels;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/** LayerNorm (Ba et al. 2016), some rows a task. */
public final class LayerNorm implements Team.Body {
  /** Numbers a task, at least: about 5 µs. */
  private static final int WORK = 1 << 15;

  private final Team team;
  private final KernelMemory memory;
  private final Forms forms;
  private MemorySegment x = MemorySegment.NULL;
  private MemorySegment weight = MemorySegment.NULL;
  private MemorySegment bias = MemorySegment.NULL;
  private MemorySegment out = MemorySegment.NULL;
  private MemorySegment lanes = MemorySegment.NULL;
  private int rows;
  private int columns;
  private int tasks;
  private float eps;

  public LayerNorm(Team team, KernelMemory memory, Forms forms) {
    this.forms = forms;
    this.team = team;
    this.memory = memory;
  }

  /** {@code (x - mean) / √(variance + eps) · weight + bias} of each row. */
  public void normalize(
      HostMatrix x, MemorySegment weight, MemorySegment bias, float eps, HostMatrix out) {
    this.x = x.segment();
    this.weight = weight;
    this.bias = bias;
    this.eps = eps;
    this.out = out.segment();
    rows = x.rows();
    columns = x.columns();
    lanes = memory.ofSize((long) team.slots() * 2 * VECTOR_BYTES);
    long most = Math.max(1, Math.min((long) rows * columns / WORK, 8L * team.slots()));
    tasks = (int) Math.min(rows, most);
    team.run(tasks, this);
  }

  @Override
  public void run(int task, int next, int slot) {
    int end = (int) ((long) rows * (task + 1) / tasks);
    int begin = (int) ((long) rows * task / tasks);
    RowKernels machine = MachineRows.get(forms);
    if (machine != null) {
      long at = (long) begin * columns * Float.BYTES;
      machine.layerNorm(end - begin, columns, x, weight, bias, eps, out, at);
      return;
    }
    for (int row = begin; row < end; row++) {
      LayerNormRow.normalize(
          forms,
          x,
          out,
          (long) row * columns * Float.BYTES,
          weight,
          bias,
          columns,
          eps,
          lanes,
          (long) slot * 2 * VECTOR_BYTES);
    }
  }
}
