// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.optim;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.GatheredUse;
import io.github.megabert.backend.Matrix;
import io.github.megabert.model.TrainableParameters.Parameter;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Partition;
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

  /** Puts the rows that each copy has updated together. */
  void gather(Computation computation, Matrix value) {
    if (copies != null) {
      computation.allGather(copies, of(computation, value), GatheredUse.COPIES, value);
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
