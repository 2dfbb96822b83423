// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import java.lang.foreign.MemorySegment;

/**
 * How one rank reaches the others of its group: what an engine implements, and {@link Communicator}
 * offers. The communicator has checked the arguments: ranks are of the group, segments are native,
 * aligned to 4 bytes, open to every thread and as long as a partition says.
 *
 * <p>Every rank of the group calls the collective operations in the same order. An operation that
 * cannot end because another rank has failed throws {@link RankFailedException} in bounded time.
 */
public interface Transport {
  /** This rank's number in the group. */
  int rank();

  /** Ranks of the group. */
  int size();

  /** This rank's number in the whole run, by which messages name it. */
  int worldRank();

  /** Whether the ranks are threads of one process. */
  boolean isOfThreads();

  /** See {@link Communicator#broadcast}; of bytes. */
  void broadcast(MemorySegment bytes, int root);

  /**
   * See {@link Communicator#allReduce}. Every element is the sum of the ranks' in the order of the
   * ranks, so all engines give the same bits.
   */
  void allReduce(MemorySegment floats, Reduction reduction);

  /** See {@link Communicator#reduceScatter}; the partition is one of float32 numbers. */
  void reduceScatter(
      MemorySegment all, MemorySegment part, Partition partition, Reduction reduction);

  /** See {@link Communicator#allGather}; the partition is one of bytes. */
  void allGather(MemorySegment part, MemorySegment all, Partition partition);

  /** Returns when every rank has called it. */
  void barrier();

  /** See {@link Communicator#startSend}; of bytes. */
  Pending send(MemorySegment bytes, int to, int tag);

  /** See {@link Communicator#startReceive}; of bytes. */
  Pending receive(MemorySegment bytes, int from, int tag);

  /** See {@link Communicator#split}. */
  Transport split(int color, int key);
}
