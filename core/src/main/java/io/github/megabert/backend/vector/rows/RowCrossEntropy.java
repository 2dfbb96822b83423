// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.rows;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;

/** The cross entropy of rows with labels: a row is a task. */
public final class RowCrossEntropy implements Team.Body {
  private final Team team;
  private final KernelMemory memory;
  private final Forms forms;
  private MemorySegment values = MemorySegment.NULL;
  private MemorySegment losses = MemorySegment.NULL;
  private MemorySegment lanes = MemorySegment.NULL;
  private int columns;
  private int[] labels = {};
  private float smoothing;

  public RowCrossEntropy(Team team, KernelMemory memory, Forms forms) {
    this.forms = forms;
    this.team = team;
    this.memory = memory;
  }

  /**
   * The negative log-likelihood of each row's label, 0 where it is negative; mixed with the mean
   * over all classes where labels are smoothed.
   *
   * @param epsilon the share of that mean
   */
  public void of(HostMatrix logits, int[] labels, float epsilon, HostMatrix out) {
    this.labels = labels;
    smoothing = epsilon;
    losses = out.segment();
    values = logits.segment();
    columns = logits.columns();
    lanes = memory.ofSize((long) team.slots() * VECTOR_BYTES);
    team.run(logits.rows(), this);
  }

  @Override
  public void run(int row, int next, int slot) {
    long at = (long) row * columns * Float.BYTES;
    long lane = (long) slot * VECTOR_BYTES;
    double loss = 0;
    if (labels[row] >= 0) {
      float max = RowMax.of(forms, values, at, PANEL_BYTES, columns);
      float sum = SumOfExponentials.of(forms, values, at, columns, max, 1, lanes, lane);
      float logit = values.get(FLOAT, at + (long) labels[row] * Float.BYTES);
      double total = Math.log(sum);
      loss = (1 - smoothing) * (total + max - logit);
      if (smoothing > 0) {
        double rest = SumOfDifferences.of(forms, values, at, columns, max, lanes, lane);
        loss += smoothing * (total - rest / columns);
      }
    }
    losses.set(FLOAT, (long) row * Float.BYTES, (float) loss);
  }
}
