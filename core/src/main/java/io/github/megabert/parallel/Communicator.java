// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import io.github.megabert.parallel.Traffic.Count;
import io.github.megabert.parallel.Traffic.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A group of ranks, as one of them sees it.
 *
 * <p>Numbers are float32 in native byte order, in native memory that is open to all threads ({@code
 * Arena.ofShared()}, {@code ofAuto()} or {@code global()}). The collective operations (all but send
 * and receive) are called by every rank of the group, in the same order, with the same lengths. A
 * communicator belongs to one thread, and a rank waits in one of its communicators at a time.
 *
 * <p>Sums are taken in the order of the ranks, {@code ((x₀ + x₁) + x₂) + …}: every rank gets the
 * same bits, in every run and from every engine.
 *
 * <p>If a rank fails, every other throws a {@link RankFailedException} that names it from the
 * operation in which it waits, and from all later ones. An argument that cannot be throws {@link
 * IllegalArgumentException} before anything is sent.
 */
public final class Communicator {
  /** MPI guarantees one more (MPI_TAG_UB), which engines may use themselves. */
  public static final int GREATEST_TAG = 32766;

  private final Transport transport;
  private final MessageTimes times;
  private final Map<Operation, Count> counts = new EnumMap<>(Operation.class);
  private @Nullable Background background;

  /** All ranks of a run, which an engine reaches through {@code transport}. */
  public Communicator(Transport transport) {
    this(transport, new MessageTimes.Recorder(), "all ranks");
  }

  private Communicator(Transport transport, MessageTimes.Recorder recorder, String name) {
    this.transport = transport;
    times = new MessageTimes(recorder, name, transport.size());
  }

  /** This rank's number in the group, from 0. */
  public int rank() {
    return transport.rank();
  }

  /** Ranks of the group. */
  public int size() {
    return transport.size();
  }

  /** Whether the ranks are threads of one process. */
  public boolean isOfThreads() {
    return transport.isOfThreads();
  }

  /** Copies the numbers of rank {@code root} into {@code floats} of every other rank. */
  public void broadcast(MemorySegment floats, int root) {
    checkRank(root);
    checkFloats(floats);
    run(Operation.BROADCAST, floats.byteSize(), () -> transport.broadcast(floats, root));
  }

  /** Replaces each number by the sum, or the maximum, of the numbers in its place on all ranks. */
  public void allReduce(MemorySegment floats, Reduction reduction) {
    checkFloats(floats);
    run(Operation.ALL_REDUCE, floats.byteSize(), () -> transport.allReduce(floats, reduction));
  }

  /**
   * As {@link #allReduce}, in the background: the caller goes on, and waits for the result later.
   * Any number may be under way; they are carried out one after the other.
   */
  public Pending startAllReduce(MemorySegment floats, Reduction reduction) {
    checkFloats(floats);
    return background(
        Operation.ALL_REDUCE, floats.byteSize(), apart -> apart.allReduce(floats, reduction));
  }

  private Pending background(Operation operation, long bytes, Consumer<Transport> sending) {
    count(operation, bytes);
    Background present = background;
    if (present == null) {
      present = new Background(transport.split(0, rank()));
      background = present;
    }
    Transport apart = present.transport();
    Runnable timed = times.inBackground(operation, bytes, () -> sending.accept(apart));
    return times.started(operation, bytes, present.start(operation, timed));
  }

  /**
   * Reduces as {@link #allReduce}; each rank gets its part of the result alone.
   *
   * @param all the numbers of this rank, as many as all parts have; unchanged, but for {@code part}
   *     where that lies within
   * @param part the result's part {@link #rank}; may be that part of {@code all}
   * @param partition a part a rank
   */
  public void reduceScatter(
      MemorySegment all, MemorySegment part, Partition partition, Reduction reduction) {
    checkParts(all, part, partition);
    run(
        Operation.REDUCE_SCATTER,
        all.byteSize(),
        () -> transport.reduceScatter(all, part, partition, reduction));
  }

  /** As {@link #reduceScatter}, in the background, as {@link #startAllReduce}. */
  public Pending startReduceScatter(
      MemorySegment all, MemorySegment part, Partition partition, Reduction reduction) {
    checkParts(all, part, partition);
    return background(
        Operation.REDUCE_SCATTER,
        all.byteSize(),
        apart -> apart.reduceScatter(all, part, partition, reduction));
  }

  /**
   * Puts the parts of all ranks together, on every rank.
   *
   * @param part the part of this rank; may be that part of {@code all}
   * @param all receives all parts, in the order of the ranks
   * @param partition a part a rank
   */
  public void allGather(MemorySegment part, MemorySegment all, Partition partition) {
    checkParts(all, part, partition);
    run(
        Operation.ALL_GATHER,
        all.byteSize(),
        () -> transport.allGather(part, all, partition.times(Float.BYTES)));
  }

  /** As {@link #allGather}, in the background, as {@link #startAllReduce}. */
  public Pending startAllGather(MemorySegment part, MemorySegment all, Partition partition) {
    checkParts(all, part, partition);
    return background(
        Operation.ALL_GATHER,
        all.byteSize(),
        apart -> apart.allGather(part, all, partition.times(Float.BYTES)));
  }

  /** Returns when every rank has called it. */
  public void barrier() {
    run(Operation.BARRIER, 0, transport::barrier);
  }

  /**
   * Sends numbers to a rank. It may wait until that rank receives them, so two ranks that first
   * send to each other may wait for ever.
   *
   * @param tag tells messages from one rank to another apart; messages of one tag arrive in order
   */
  public void send(MemorySegment floats, int to, int tag) {
    startSend(floats, to, tag).await();
  }

  /** As {@link #send}; the caller goes on. */
  public Pending startSend(MemorySegment floats, int to, int tag) {
    checkPeer(to, tag);
    checkFloats(floats);
    count(Operation.SEND, floats.byteSize());
    return times.started(Operation.SEND, floats.byteSize(), transport.send(floats, to, tag));
  }

  /** Receives as many numbers as rank {@code from} sends with this tag. */
  public void receive(MemorySegment floats, int from, int tag) {
    startReceive(floats, from, tag).await();
  }

  /** As {@link #receive}; the caller goes on. */
  public Pending startReceive(MemorySegment floats, int from, int tag) {
    checkPeer(from, tag);
    checkFloats(floats);
    count(Operation.RECEIVE, floats.byteSize());
    return times.started(
        Operation.RECEIVE, floats.byteSize(), transport.receive(floats, from, tag));
  }

  /** The bytes that rank {@code root} gives, on every rank; what others give is not looked at. */
  public byte[] broadcastBytes(byte[] bytes, int root) {
    checkRank(root);
    MemorySegment length = bytes(Long.BYTES);
    length.set(ValueLayout.JAVA_LONG, 0, bytes.length);
    times.run(Operation.BYTES, length.byteSize(), () -> transport.broadcast(length, root));
    MemorySegment contents = bytes(length.get(ValueLayout.JAVA_LONG, 0));
    if (rank() == root) {
      contents.copyFrom(MemorySegment.ofArray(bytes));
    }
    run(Operation.BYTES, contents.byteSize(), () -> transport.broadcast(contents, root));
    return contents.toArray(ValueLayout.JAVA_BYTE);
  }

  /** The bytes that each rank gives, in the order of the ranks, on every rank. */
  public List<byte[]> gatherBytes(byte[] bytes) {
    long[] each = new long[size()];
    Arrays.fill(each, Long.BYTES);
    MemorySegment length = bytes(Long.BYTES);
    length.set(ValueLayout.JAVA_LONG, 0, bytes.length);
    MemorySegment lengths = bytes((long) Long.BYTES * size());
    times.run(
        Operation.BYTES,
        lengths.byteSize(),
        () -> transport.allGather(length, lengths, Partition.of(each)));
    Partition partition = Partition.of(lengths.toArray(ValueLayout.JAVA_LONG));
    MemorySegment mine = bytes(bytes.length);
    mine.copyFrom(MemorySegment.ofArray(bytes));
    MemorySegment all = bytes(partition.total());
    run(Operation.BYTES, all.byteSize(), () -> transport.allGather(mine, all, partition));
    List<byte[]> gathered = new ArrayList<>();
    for (int rank = 0; rank < size(); rank++) {
      gathered.add(
          all.asSlice(partition.start(rank), partition.count(rank)).toArray(ValueLayout.JAVA_BYTE));
    }
    return gathered;
  }

  /**
   * The group of those ranks of this one that give the same color, numbered by key, and by their
   * number here where keys are equal ({@code MPI_Comm_split}). It lives as long as the run; a run
   * has a limited number of groups (MPICH: 2048).
   *
   * @param color at least 0
   */
  public Communicator split(int color, int key) {
    return split(color, key, "some ranks");
  }

  /** Likewise; a timeline calls the group by its name. */
  Communicator split(int color, int key, String name) {
    if (color < 0) {
      throw new IllegalArgumentException("the color is " + color + ", at least 0 is needed");
    }
    return new Communicator(transport.split(color, key), times.recorder(), name);
  }

  /**
   * Tells a timeline from now on when this rank communicates, through whichever group that was
   * split from the same one.
   */
  void record(Timeline timeline) {
    times.recorder().set(timeline);
  }

  /** What this rank has sent through this communicator so far; split ones count by themselves. */
  public Traffic traffic() {
    return new Traffic(counts);
  }

  private void run(Operation operation, long bytes, Runnable sending) {
    count(operation, bytes);
    times.run(operation, bytes, sending);
  }

  private void count(Operation operation, long bytes) {
    Count before = counts.getOrDefault(operation, Count.NONE);
    counts.put(operation, new Count(before.calls() + 1, before.bytes() + bytes));
  }

  private static MemorySegment bytes(long size) {
    return Arena.ofAuto().allocate(size, Long.BYTES);
  }

  private void checkRank(int rank) {
    if (rank < 0 || rank >= size()) {
      throw new IllegalArgumentException(
          "there is no rank " + rank + " among " + size() + ", counted from 0");
    }
  }

  private void checkPeer(int rank, int tag) {
    checkRank(rank);
    if (rank == rank()) {
      throw new IllegalArgumentException("rank " + rank + " sends to itself or receives so");
    }
    if (tag < 0 || tag > GREATEST_TAG) {
      throw new IllegalArgumentException(
          "the tag is " + tag + ", 0 to " + GREATEST_TAG + " is needed");
    }
  }

  private void checkParts(MemorySegment all, MemorySegment part, Partition partition) {
    if (partition.parts() != size()) {
      throw new IllegalArgumentException(
          "the partition has " + partition.parts() + " parts, the group " + size() + " ranks");
    }
    checkFloats(all);
    checkFloats(part);
    checkLength("all parts have", all, partition.total());
    checkLength("part " + rank() + " has", part, partition.count(rank()));
  }

  private static void checkLength(String what, MemorySegment floats, long wanted) {
    if (floats.byteSize() / Float.BYTES != wanted) {
      throw new IllegalArgumentException(
          what + " " + wanted + " numbers, the memory " + floats.byteSize() / Float.BYTES);
    }
  }

  private static void checkFloats(MemorySegment floats) {
    if (!floats.isNative()) {
      throw new IllegalArgumentException("native memory is needed, this is an array of the heap");
    }
    if (floats.byteSize() % Float.BYTES != 0 || floats.address() % Float.BYTES != 0) {
      throw new IllegalArgumentException(
          "float32 numbers are needed, the memory has "
              + floats.byteSize()
              + " bytes at address "
              + floats.address());
    }
    if (!floats.isAccessibleBy(Background.ANOTHER_THREAD)) {
      throw new IllegalArgumentException(
          "the memory is one thread's own; allocate it in a shared or an automatic arena");
    }
  }
}
