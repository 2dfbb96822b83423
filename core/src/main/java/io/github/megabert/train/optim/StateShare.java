// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.optim;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.model.TrainableParameters.Block;
import io.github.megabert.model.TrainableParameters.Parameter;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Partition;
import io.github.megabert.parallel.Pending;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rows of every block of parameters that a rank keeps optimizer state of and updates: all, or
 * under a distributed optimizer one share of as many as there are copies of the model.
 *
 * @param copies the ranks that hold the same parameters and divide the state; null where each has
 *     all of it
 */
public record StateShare(@Nullable Communicator copies) {
  /** All rows. */
  public static final StateShare WHOLE = new StateShare(null);

  /** The first row of a block of so many. */
  int first(int rows) {
    return copies == null ? 0 : (int) Partition.even(rows, copies.size()).start(copies.rank());
  }

  /** How many rows of a block of so many. */
  int count(int rows) {
    return copies == null ? rows : (int) Partition.even(rows, copies.size()).count(copies.rank());
  }

  /** The rows here of a matrix of a block's shape: a view. */
  Matrix of(Computation computation, Matrix block) {
    return copies == null
        ? block
        : computation.rows(block, first(block.rows()), count(block.rows()));
  }

  /** Where a parameter's rows lie within a block's state here. */
  Range range(Parameter parameter) {
    int rows = parameter.block().value().rows();
    return Range.of(parameter, first(rows), count(rows));
  }

  /**
   * How a parameter's numbers are divided.
   *
   * @return a part a copy of the model
   */
  Partition partition(Parameter parameter) {
    int ranks = copies == null ? 1 : copies.size();
    int rows = parameter.block().value().rows();
    Partition shares = Partition.even(rows, ranks);
    long[] counts = new long[ranks];
    for (int rank = 0; rank < ranks; rank++) {
      Range range = Range.of(parameter, (int) shares.start(rank), (int) shares.count(rank));
      counts[rank] = (long) range.rows() * parameter.block().value().columns();
    }
    return Partition.of(counts);
  }

  /** Puts the rows that each copy has updated together, of one parameter beside the other. */
  void gather(Computation computation, Collection<Block> blocks) {
    if (copies == null) {
      return;
    }
    List<Pending> started = new ArrayList<>();
    RuntimeException failed = null;
    try {
      blocks.forEach(block -> started.add(computation.startAllGather(copies, block.value())));
    } catch (RuntimeException failure) {
      failed = failure;
    }
    // All are waited for: after a failure the values are freed.
    for (Pending pending : started) {
      try {
        pending.await();
      } catch (RuntimeException failure) {
        failed = failed == null ? failure : failed;
      }
    }
    if (failed != null) {
      throw failed;
    }
  }

  /**
   * Rows of a parameter that a rank has the state of.
   *
   * @param first among the rows of the state here
   * @param rows may be 0
   * @param skipped rows of the parameter before them
   */
  record Range(int first, int rows, int skipped) {
    private static Range of(Parameter parameter, int shareFirst, int shareRows) {
      int from = Math.max(parameter.firstRow(), shareFirst);
      int end = Math.min(parameter.firstRow() + parameter.rows(), shareFirst + shareRows);
      return from < end
          ? new Range(from - shareFirst, end - from, from - parameter.firstRow())
          : new Range(0, 0, 0);
    }
  }
}
