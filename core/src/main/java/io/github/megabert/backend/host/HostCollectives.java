// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.host;

import io.github.megabert.backend.ClassShare;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Partition;
import io.github.megabert.parallel.Pending;
import io.github.megabert.parallel.Reduction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** Operations over ranks, on matrices in host memory: they are communicated from where they lie. */
public final class HostCollectives {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /**
   * What a rank knows of a row of its logits: their maximum, the sum of {@code exp(x − maximum)},
   * the label's logit or 0 where another rank has it, and the sum of the logits.
   */
  public static final int STATISTICS = 4;

  private HostCollectives() {}

  /** See {@link io.github.megabert.backend.Computation#allReduce}. */
  public static void allReduce(
      Communicator group, HostMatrix x, @Nullable HostMatrix residual, HostMatrix out) {
    long bytes = x.elements() * Float.BYTES;
    group.allReduce(whole(x), Reduction.SUM);
    add(x.segment(), residual, out, bytes);
  }

  /** See {@link io.github.megabert.backend.Computation#reduceScatter}. */
  public static void reduceScatter(
      Communicator group, HostMatrix x, @Nullable HostMatrix residual, HostMatrix out) {
    Partition rows = Partition.evenRows(x.rows(), x.columns(), group.size());
    MemorySegment own = rows.slice(whole(x), group.rank());
    group.reduceScatter(whole(x), own, rows, Reduction.SUM);
    add(own, residual, out, own.byteSize());
  }

  /** See {@link io.github.megabert.backend.Computation#startAllReduce}. */
  public static Pending startAllReduce(Communicator group, HostMatrix x) {
    return group.startAllReduce(whole(x), Reduction.SUM);
  }

  /** See {@link io.github.megabert.backend.Computation#startReduceScatter}. */
  public static Pending startReduceScatter(Communicator group, HostMatrix x) {
    Partition rows = Partition.evenRows(x.rows(), x.columns(), group.size());
    MemorySegment own = rows.slice(whole(x), group.rank());
    return group.startReduceScatter(whole(x), own, rows, Reduction.SUM);
  }

  /** See {@link io.github.megabert.backend.Computation#startAllGather}. */
  public static Pending startAllGather(Communicator group, HostMatrix x) {
    Partition rows = Partition.evenRows(x.rows(), x.columns(), group.size());
    return group.startAllGather(rows.slice(whole(x), group.rank()), whole(x), rows);
  }

  /** See {@link io.github.megabert.backend.Computation#allGather}. */
  public static void allGather(Communicator group, HostMatrix x, HostMatrix all) {
    Partition rows = Partition.evenRows(all.rows(), all.columns(), group.size());
    group.allGather(whole(x), whole(all), rows);
  }

  /** {@code out = sum + residual}. */
  private static void add(
      MemorySegment sum, @Nullable HostMatrix residual, HostMatrix out, long bytes) {
    MemorySegment target = out.segment();
    if (residual == null) {
      if (sum.address() != target.address()) {
        MemorySegment.copy(sum, 0, target, 0, bytes);
      }
      return;
    }
    MemorySegment added = residual.segment();
    for (long at = 0; at < bytes; at += Float.BYTES) {
      target.set(FLOAT, at, sum.get(FLOAT, at) + added.get(FLOAT, at));
    }
  }

  /** See {@link io.github.megabert.backend.Computation#gatherColumns}. */
  public static void gatherColumns(Communicator group, HostMatrix x, HostMatrix all) {
    Partition columns = Partition.even(all.columns(), group.size());
    Partition parts =
        Partition.evenRows(/* rows= */ all.columns(), /* columns= */ x.rows(), group.size());
    try (Arena arena = Arena.ofShared()) {
      MemorySegment gathered = floats(arena, all.elements());
      group.allGather(whole(x), gathered, parts);
      for (int rank = 0; rank < group.size(); rank++) {
        long bytes = columns.count(rank) * Float.BYTES;
        for (int row = 0; row < x.rows(); row++) {
          long from = parts.start(rank) * Float.BYTES + row * bytes;
          long to = all.rowOffset(row) + columns.start(rank) * Float.BYTES;
          MemorySegment.copy(gathered, from, all.segment(), to, bytes);
        }
      }
    }
  }

  private static MemorySegment whole(HostMatrix matrix) {
    return matrix.segment().asSlice(0, matrix.elements() * Float.BYTES);
  }

  private static MemorySegment floats(Arena arena, long count) {
    return arena.allocate(count * Float.BYTES, Float.BYTES);
  }

  /**
   * Losses of rows from every rank's statistics.
   *
   * @param own this rank's, {@code [rows, STATISTICS]}
   * @param losses {@code [rows, 1]}
   * @param totals {@code [rows, 1]}: the logarithm of the sum of all exponentials
   */
  public static void crossEntropy(
      ClassShare share,
      HostMatrix own,
      int[] labels,
      float smoothing,
      HostMatrix losses,
      HostMatrix totals) {
    int ranks = share.group().size();
    int rows = own.rows();
    try (Arena arena = Arena.ofShared()) {
      MemorySegment gathered = floats(arena, own.elements() * ranks);
      Partition parts = Partition.even(own.elements() * ranks, ranks);
      share.group().allGather(whole(own), gathered, parts);
      HostMatrix all = new HostMatrix(gathered, ranks * rows, STATISTICS);
      for (int row = 0; row < rows; row++) {
        double max = Double.NEGATIVE_INFINITY;
        for (int rank = 0; rank < ranks; rank++) {
          max = Math.max(max, all.get(rank * rows + row, 0));
        }
        double exponentials = 0;
        double logit = 0;
        double sum = 0;
        for (int rank = 0; rank < ranks; rank++) {
          int at = rank * rows + row;
          exponentials += all.get(at, 1) * Math.exp(all.get(at, 0) - max);
          logit += all.get(at, 2);
          sum += all.get(at, 3);
        }
        double total = max + Math.log(exponentials);
        double loss = (1 - smoothing) * (total - logit);
        loss += smoothing * (total - sum / share.classes());
        totals.set(row, 0, total);
        losses.set(row, 0, labels[row] < 0 ? 0 : loss);
      }
    }
  }
}
