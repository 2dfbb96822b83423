// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Partition;
import io.github.megabert.parallel.Reduction;
import io.github.megabert.tornado.cuda.Nccl;
import io.github.megabert.tornado.cuda.Nccl.Kind;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * What ranks do with a matrix that has one shape on all of them. Rows are divided in order of rank,
 * and their numbers differ by one at most.
 */
enum Exchange {
  /** All get the sum. */
  ALL_REDUCE,
  /** Each gets the sum of its rows; what the others hold is undefined afterwards. */
  REDUCE_SCATTER,
  /** Each gives its rows to all. */
  ALL_GATHER;

  /**
   * The same for NCCL, in place.
   *
   * @param address of the first number
   * @param ranks of the group
   */
  List<Nccl.Step> steps(TornadoMatrix matrix, long address, int ranks) {
    if (this == ALL_REDUCE) {
      long count = (long) matrix.rows() * matrix.columns();
      return List.of(new Nccl.Step(Kind.SUM_TO_ALL, address, count, 0));
    }
    Partition parts = parts(matrix, ranks);
    if (matrix.rows() % ranks == 0) {
      Kind even = this == REDUCE_SCATTER ? Kind.SUM_OF_PARTS : Kind.PARTS_TO_ALL;
      return List.of(new Nccl.Step(even, address, parts.count(0), 0));
    }
    Kind kind = this == REDUCE_SCATTER ? Kind.SUM_TO_ONE : Kind.ONE_TO_ALL;
    List<Nccl.Step> steps = new ArrayList<>();
    for (int rank = 0; rank < ranks; rank++) {
      long first = address + parts.start(rank) * Float.BYTES;
      steps.add(new Nccl.Step(kind, first, parts.count(rank), rank));
    }
    return steps;
  }

  /** The same for numbers in host memory, in place. */
  void throughHost(Communicator group, TornadoMatrix matrix, MemorySegment numbers) {
    Partition parts = parts(matrix, group.size());
    MemorySegment own = parts.slice(numbers, group.rank());
    switch (this) {
      case ALL_REDUCE -> group.allReduce(numbers, Reduction.SUM);
      case REDUCE_SCATTER -> group.reduceScatter(numbers, own, parts, Reduction.SUM);
      case ALL_GATHER -> group.allGather(own, numbers, parts);
    }
  }

  private static Partition parts(TornadoMatrix matrix, int ranks) {
    return Partition.evenRows(matrix.rows(), matrix.columns(), ranks);
  }
}
