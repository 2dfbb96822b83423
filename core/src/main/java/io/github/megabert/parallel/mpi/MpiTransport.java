// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.mpi;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Partition;
import io.github.megabert.parallel.Pending;
import io.github.megabert.parallel.RanksDisagreeException;
import io.github.megabert.parallel.Reduction;
import io.github.megabert.parallel.Transport;
import io.github.megabert.parallel.host.HostReduction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A group of MPI ranks. MPI moves bytes; the sums are taken here, because MPI leaves their order to
 * the implementation. Every wait polls, so that it ends when a rank has failed.
 *
 * <p>To reduce, each rank gets its share of the places from every other, adds in the order of the
 * ranks, and the shares are gathered: 2·(n − 1)/n of the numbers are sent a rank, as in a ring, in
 * two steps instead of 2·(n − 1).
 */
final class MpiTransport implements Transport {
  /** Messages of this class; {@link Communicator} leaves the tag free. */
  private static final int SHARES = Communicator.GREATEST_TAG + 1;

  /** Up to so many numbers each rank sends them all to all: one step instead of two. */
  private static final long FEW = 2048;

  /** Numbers of a share that are under way at a time, 4 MiB a rank. */
  private static final long BLOCK = 1 << 20;

  /** Set to "off", ranks of one host send messages for everything. */
  private static final String COMMON_MEMORY = "megabert.mpi.common-memory";

  /** MPI counts in 32 bits. */
  private static final long MOST_BYTES = 1 << 30;

  private final MpiLibrary mpi;
  private final RankWatch watch;
  private final Polling polling;
  private final long group;
  private final int rank;
  private final int size;
  private final int worldRank;
  private final HostReduction host = new HostReduction();
  private MemorySegment scratch = MemorySegment.NULL;

  MpiTransport(MpiLibrary mpi, RankWatch watch, long group, int worldRank) {
    this.mpi = mpi;
    this.watch = watch;
    this.group = group;
    this.worldRank = worldRank;
    polling = new Polling(watch, worldRank);
    rank = mpi.rank(group);
    size = mpi.size(group);
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public int worldRank() {
    return worldRank;
  }

  @Override
  public boolean isOfThreads() {
    return false;
  }

  @Override
  public void broadcast(MemorySegment bytes, int root) {
    watch.check();
    for (MemorySegment piece : pieces(bytes)) {
      MemorySegment request = MpiLibrary.request();
      mpi.broadcast(piece, root, group, request);
      await(request, bytes);
    }
  }

  @Override
  public void allReduce(MemorySegment floats, Reduction reduction) {
    long elements = floats.byteSize() / Float.BYTES;
    if (size == 1) {
      watch.check();
    } else if (elements <= FEW) {
      MemorySegment all = scratch(size * elements);
      Partition each = Partition.evenRows(size, elements, size);
      allGather(floats, all, each.times(Float.BYTES));
      List<MemorySegment> sources = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        sources.add(each.slice(all, i));
      }
      host.reduce(reduction, sources, 0, List.of(floats), 0, elements);
    } else {
      Partition shares = Partition.even(elements, size);
      MemorySegment mine = shares.slice(floats, rank);
      reduceScatter(floats, mine, shares, reduction);
      allGather(mine, floats, shares.times(Float.BYTES));
    }
  }

  @Override
  public void reduceScatter(
      MemorySegment all, MemorySegment part, Partition partition, Reduction reduction) {
    watch.check();
    long longest = 0;
    for (int i = 0; i < size; i++) {
      longest = Math.max(longest, partition.count(i));
    }
    for (long start = 0; start < longest; start += BLOCK) {
      long length = Math.clamp(partition.count(rank) - start, 0, BLOCK);
      MemorySegment received = scratch((size - 1) * length);
      List<MemorySegment> requests = new ArrayList<>();
      List<MemorySegment> sources = new ArrayList<>();
      for (int other = 0; other < size; other++) {
        MemorySegment source =
            other == rank
                ? floats(partition.slice(all, rank), start, length)
                : floats(received, (other < rank ? other : other - 1) * length, length);
        sources.add(source);
        if (other != rank && length > 0) {
          MemorySegment request = MpiLibrary.request();
          mpi.receive(source, other, SHARES, group, request);
          requests.add(request);
        }
      }
      // Each rank begins with its neighbour, so that not all send to the same.
      for (int step = 1; step < size; step++) {
        int other = (rank + step) % size;
        long theirs = Math.clamp(partition.count(other) - start, 0, BLOCK);
        if (theirs > 0) {
          MemorySegment request = MpiLibrary.request();
          mpi.send(
              floats(partition.slice(all, other), start, theirs), other, SHARES, group, request);
          requests.add(request);
        }
      }
      requests.forEach(request -> await(request, received, all));
      host.reduce(reduction, sources, 0, List.of(part), start, length);
    }
  }

  @Override
  public void allGather(MemorySegment part, MemorySegment all, Partition partition) {
    watch.check();
    all.asSlice(partition.start(rank), partition.count(rank)).copyFrom(part);
    if (partition.total() > MOST_BYTES) {
      for (int root = 0; root < size; root++) {
        broadcast(all.asSlice(partition.start(root), partition.count(root)), root);
      }
      return;
    }
    // Ordinary memory of MPI's, which it reads until the request has ended.
    MemorySegment table = Arena.ofAuto().allocate(ValueLayout.JAVA_INT, 2L * size);
    for (int i = 0; i < size; i++) {
      table.setAtIndex(ValueLayout.JAVA_INT, i, (int) partition.count(i));
      table.setAtIndex(ValueLayout.JAVA_INT, (long) size + i, (int) partition.start(i));
    }
    MemorySegment request = MpiLibrary.request();
    mpi.allGather(all, table, table.asSlice((long) size * Integer.BYTES), group, request);
    await(request, table, all);
  }

  @Override
  public void barrier() {
    watch.check();
    MemorySegment request = MpiLibrary.request();
    mpi.barrier(group, request);
    await(request);
  }

  @Override
  public Pending send(MemorySegment bytes, int to, int tag) {
    watch.check();
    List<Pending> pieces = new ArrayList<>();
    for (MemorySegment piece : pieces(bytes)) {
      MemorySegment request = MpiLibrary.request();
      mpi.send(piece, to, tag, group, request);
      pieces.add(new Message(piece, request, null));
    }
    return all(pieces);
  }

  @Override
  public Pending receive(MemorySegment bytes, int from, int tag) {
    watch.check();
    List<Pending> pieces = new ArrayList<>();
    for (MemorySegment piece : pieces(bytes)) {
      MemorySegment request = MpiLibrary.request();
      mpi.receive(piece, from, tag, group, request);
      pieces.add(
          new Message(piece, request, "from rank " + from + " of its group with tag " + tag));
    }
    return all(pieces);
  }

  @Override
  public Transport split(int color, int key) {
    watch.check();
    long handle = watch.whileMpiWaits(() -> mpi.split(group, color, key));
    return new MpiTransport(mpi, watch, handle, worldRank).overCommonMemory();
  }

  /** The same group, through memory that its ranks have in common if they are of one host. */
  Transport overCommonMemory() {
    if (size == 1) {
      return this;
    }
    boolean isWanted = !"off".equals(System.getProperty(COMMON_MEMORY));
    SharedWindow window =
        SharedWindow.open(
            new Communicator(this), isWanted, polling, () -> mpi.progress(rank, SHARES, group));
    return window == null ? this : new WindowTransport(this, window);
  }

  /** A message under way; it keeps the memory that MPI reads or writes. */
  private final class Message implements Pending {
    private final MemorySegment bytes;
    private final MemorySegment request;
    private final @Nullable String origin;
    private boolean done;

    Message(MemorySegment bytes, MemorySegment request, @Nullable String origin) {
      this.bytes = bytes;
      this.request = request;
      this.origin = origin;
    }

    @Override
    public void await() {
      if (!done) {
        MpiTransport.this.await(request);
        ended();
      }
    }

    @Override
    public boolean isDone() {
      if (!done && mpi.test(request)) {
        ended();
      }
      return done;
    }

    private void ended() {
      done = true;
      if (origin != null && mpi.received(request) != bytes.byteSize()) {
        throw new RanksDisagreeException(
            "rank "
                + worldRank
                + " receives "
                + bytes.byteSize()
                + " bytes "
                + origin
                + ", which sends "
                + mpi.received(request));
      }
    }
  }

  private static Pending all(List<Pending> pieces) {
    if (pieces.size() == 1) {
      return pieces.getFirst();
    }
    return new Pending() {
      @Override
      public void await() {
        pieces.forEach(Pending::await);
      }

      @Override
      public boolean isDone() {
        return pieces.stream().allMatch(Pending::isDone);
      }
    };
  }

  /**
   * Waits for the end of an operation.
   *
   * @param used memory that MPI reads or writes until the end, which must not be freed before
   */
  private void await(MemorySegment request, MemorySegment... used) {
    try {
      polling.until(() -> mpi.test(request), () -> {});
    } finally {
      Reference.reachabilityFence(used);
    }
  }

  private MemorySegment scratch(long elements) {
    if (scratch.byteSize() < elements * Float.BYTES) {
      scratch = Arena.ofAuto().allocate(elements * Float.BYTES, 64);
    }
    return scratch.asSlice(0, elements * Float.BYTES);
  }

  private static MemorySegment floats(MemorySegment all, long start, long length) {
    return length == 0
        ? MemorySegment.NULL
        : all.asSlice(start * Float.BYTES, length * Float.BYTES);
  }

  private static List<MemorySegment> pieces(MemorySegment bytes) {
    List<MemorySegment> pieces = new ArrayList<>();
    long start = 0;
    do {
      long length = Math.min(MOST_BYTES, bytes.byteSize() - start);
      pieces.add(bytes.asSlice(start, length));
      start += length;
    } while (start < bytes.byteSize());
    return pieces;
  }
}
