// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import io.github.megabert.parallel.SharedGroup.Call;
import io.github.megabert.parallel.host.HostReduction;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Ranks of one JVM read and write each other's memory. An operation begins with a meeting, at which
 * they show each other their segments, and ends with another, after which nobody touches what is
 * not its own.
 */
final class SharedTransport implements Transport {
  private final SharedGroup group;
  private final int rank;
  private final HostReduction host = new HostReduction();

  SharedTransport(SharedGroup group, int rank) {
    this.group = group;
    this.rank = rank;
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int size() {
    return group.size();
  }

  @Override
  public int worldRank() {
    return group.worldRank(rank);
  }

  @Override
  public boolean isOfThreads() {
    return true;
  }

  @Override
  public void broadcast(MemorySegment bytes, int root) {
    String operation =
        "a broadcast of " + bytes.byteSize() + " bytes from rank " + group.worldRank(root);
    List<Call> calls = meet(operation, bytes, null);
    if (rank != root) {
      bytes.copyFrom(source(calls, root));
    }
    end(operation);
  }

  /** Each rank reduces its share of the places, and writes it to all. */
  @Override
  public void allReduce(MemorySegment floats, Reduction reduction) {
    long elements = floats.byteSize() / Float.BYTES;
    String operation = "an all-reduce (" + reduction + ") of " + elements + " numbers";
    List<MemorySegment> all = sources(meet(operation, floats, null));
    Partition shares = Partition.even(elements, size());
    host.reduce(reduction, all, shares.start(rank), all, shares.start(rank), shares.count(rank));
    end(operation);
  }

  @Override
  public void reduceScatter(
      MemorySegment all, MemorySegment part, Partition partition, Reduction reduction) {
    String operation = "a reduce-scatter (" + reduction + ") of parts " + partition;
    List<MemorySegment> sources = sources(meet(operation, all, null));
    host.reduce(reduction, sources, partition.start(rank), List.of(part), 0, partition.count(rank));
    end(operation);
  }

  /** Each rank writes its part to all. */
  @Override
  public void allGather(MemorySegment part, MemorySegment all, Partition partition) {
    String operation = "an all-gather of parts " + partition + " in bytes";
    for (Call call : meet(operation, part, all)) {
      MemorySegment theirs = Objects.requireNonNull(call.destination());
      theirs.asSlice(partition.start(rank), partition.count(rank)).copyFrom(part);
    }
    end(operation);
  }

  @Override
  public void barrier() {
    end("a barrier");
  }

  @Override
  public Pending send(MemorySegment bytes, int to, int tag) {
    return group.send(rank, bytes, to, tag);
  }

  @Override
  public Pending receive(MemorySegment bytes, int from, int tag) {
    return group.receive(rank, bytes, from, tag);
  }

  @Override
  public Transport split(int color, int key) {
    return group.split(rank, color, key);
  }

  private List<Call> meet(
      String operation, MemorySegment source, @Nullable MemorySegment destination) {
    return group.meet(rank, new Call(operation, source, destination, null));
  }

  private void end(String operation) {
    group.meet(rank, new Call(operation, null, null, null));
  }

  private static List<MemorySegment> sources(List<Call> calls) {
    return calls.stream().map(call -> Objects.requireNonNull(call.source())).toList();
  }

  private static MemorySegment source(List<Call> calls, int rank) {
    return Objects.requireNonNull(calls.get(rank).source());
  }
}
