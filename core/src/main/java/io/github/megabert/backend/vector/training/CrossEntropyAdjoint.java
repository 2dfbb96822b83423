// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.training;

import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;
import static io.github.megabert.backend.vector.Lanes.VECTOR_BYTES;

import io.github.megabert.backend.ClassShare;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.backend.vector.Team;
import io.github.megabert.backend.vector.memory.KernelMemory;
import io.github.megabert.backend.vector.rows.Exponentials;
import io.github.megabert.backend.vector.rows.RowMax;
import io.github.megabert.backend.vector.warmup.Forms;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The adjoint of the cross entropy of rows, {@code (softmax − target) · dOut}, where the target is
 * {@code 1 − ε} for the label and {@code ε/c} for every class; zeros for rows without a label. A
 * row is a task.
 */
public final class CrossEntropyAdjoint implements Team.Body {
  private final Team team;
  private final KernelMemory memory;
  private final Forms forms;
  private MemorySegment logits = MemorySegment.NULL;
  private MemorySegment dOut = MemorySegment.NULL;
  private MemorySegment dLogits = MemorySegment.NULL;
  private MemorySegment lanes = MemorySegment.NULL;
  private @Nullable HostMatrix totals;
  private int columns;
  private int first;
  private int classes;
  private int[] labels = new int[0];
  private float smoothing;

  public CrossEntropyAdjoint(Team team, KernelMemory memory, Forms forms) {
    this.team = team;
    this.memory = memory;
    this.forms = forms;
  }

  /** The gradient of the logits, in their own memory or another. */
  public void run(
      HostMatrix input, int[] wanted, float epsilon, HostMatrix gradient, HostMatrix target) {
    totals = null;
    start(input, wanted, 0, input.columns(), epsilon, gradient, target);
  }

  /**
   * The gradient of a rank's logits.
   *
   * @param sums the logarithm of the sum of all ranks' exponentials, a row
   */
  public void run(
      ClassShare share,
      HostMatrix input,
      int[] wanted,
      float epsilon,
      HostMatrix sums,
      HostMatrix gradient,
      HostMatrix target) {
    totals = sums;
    start(input, wanted, share.first(), share.classes(), epsilon, gradient, target);
  }

  private void start(
      HostMatrix input,
      int[] wanted,
      int firstClass,
      int allClasses,
      float epsilon,
      HostMatrix gradient,
      HostMatrix target) {
    logits = input.segment();
    columns = input.columns();
    labels = wanted;
    first = firstClass;
    classes = allClasses;
    smoothing = epsilon;
    dOut = gradient.segment();
    dLogits = target.segment();
    lanes = memory.ofSize((long) team.slots() * VECTOR_BYTES);
    team.run(input.rows(), this);
  }

  @Override
  public void run(int row, int next, int slot) {
    long bytes = (long) columns * Float.BYTES;
    long at = row * bytes;
    if (labels[row] < 0) {
      dLogits.asSlice(at, bytes).fill((byte) 0);
      return;
    }
    MemorySegment.copy(logits, at, dLogits, at, bytes);
    long lane = (long) slot * VECTOR_BYTES;
    HostMatrix given = totals;
    float max =
        given == null ? RowMax.of(forms, dLogits, at, PANEL_BYTES, columns) : given.get(row, 0);
    float sum = Exponentials.apply(forms, dLogits, at, columns, max, 1, lanes, lane);
    if (given != null) {
      // The exponentials are probabilities already, of which other ranks have some.
      sum = 1;
    }
    float scale = dOut.get(FLOAT, (long) row * Float.BYTES);
    float shift = -smoothing / classes * scale;
    int label = labels[row] - first;
    boolean isOwn = label >= 0 && label < columns;
    long labelAt = at + (long) label * Float.BYTES;
    float probability = isOwn ? dLogits.get(FLOAT, labelAt) / sum : 0;
    ScaleAndShift.apply(forms, dLogits, at, columns, scale / sum, shift);
    if (isOwn) {
      dLogits.set(FLOAT, labelAt, (probability - (1 - smoothing)) * scale + shift);
    }
  }
}
