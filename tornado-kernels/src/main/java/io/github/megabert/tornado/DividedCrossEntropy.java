// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.ClassShare;
import io.github.megabert.backend.host.HostCollectives;
import io.github.megabert.backend.host.HostMatrix;
import io.github.megabert.tornado.kernels.DividedLossTasks;
import io.github.megabert.tornado.kernels.FloatRowKernels;
import io.github.megabert.tornado.recording.Grid;
import io.github.megabert.tornado.recording.Operand;
import io.github.megabert.tornado.recording.Recording;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Cross entropy over classes that are divided among ranks. A rank's device tells {@link
 * HostCollectives#STATISTICS} numbers of each row of its logits, from which the hosts compute the
 * losses; the logits stay on the device.
 */
final class DividedCrossEntropy {
  private final TornadoComputation computation;
  private final Recording recording;

  DividedCrossEntropy(TornadoComputation computation, Recording recording) {
    this.computation = computation;
    this.recording = recording;
  }

  /**
   * Losses of all rows.
   *
   * @param out {@code [rows, 1]}
   * @return the logarithm of the sum of all classes' exponentials, {@code [rows, 1]}
   */
  TornadoMatrix losses(
      ClassShare share, TornadoMatrix logits, int[] labels, float smoothing, TornadoMatrix out) {
    int rows = logits.rows();
    TornadoMatrix statistics = matrix(rows, HostCollectives.STATISTICS);
    recording.add(
        DividedLossTasks.STATISTICS,
        Grid.rows(logits.capacity(), FloatRowKernels.ROW_THREADS),
        Operand.INTEGERS,
        recording.integers().section(labels, logits.capacity(), -1),
        logits.operand(),
        statistics.operand(),
        logits.columns(),
        share.first());
    TornadoMatrix totals = matrix(rows, 1);
    try (Arena arena = Arena.ofShared()) {
      HostMatrix own = host(arena, rows, HostCollectives.STATISTICS);
      HostMatrix losses = host(arena, rows, 1);
      HostMatrix sums = host(arena, rows, 1);
      computation.read(statistics, own.segment());
      HostCollectives.crossEntropy(share, own, labels, smoothing, losses, sums);
      computation.overwrite(out, losses.segment().toArray(ValueLayout.JAVA_FLOAT));
      computation.overwrite(totals, sums.segment().toArray(ValueLayout.JAVA_FLOAT));
    }
    return totals;
  }

  /** The adjoint, for this rank's classes. */
  void gradient(
      ClassShare share,
      TornadoMatrix logits,
      int[] labels,
      float smoothing,
      TornadoMatrix totals,
      TornadoMatrix dOut,
      TornadoMatrix dLogits) {
    int elements = logits.capacity() * logits.columns();
    recording.add(
        DividedLossTasks.GRADIENT,
        Grid.elements(elements),
        Operand.INTEGERS,
        recording.integers().section(labels, logits.capacity(), -1),
        logits.operand(),
        totals.operand(),
        dOut.operand(),
        dLogits.operand(),
        logits.columns(),
        share.first(),
        smoothing,
        smoothing / share.classes(),
        elements);
  }

  private TornadoMatrix matrix(int rows, int columns) {
    return computation.own(computation.matrix(rows, columns), "matrix");
  }

  private static HostMatrix host(Arena arena, int rows, int columns) {
    MemorySegment segment = arena.allocate((long) rows * columns * Float.BYTES, Float.BYTES);
    return new HostMatrix(segment, rows, columns);
  }
}
