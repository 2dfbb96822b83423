// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.mpi;

import io.github.megabert.parallel.Partition;
import io.github.megabert.parallel.Pending;
import io.github.megabert.parallel.Reduction;
import io.github.megabert.parallel.Transport;
import io.github.megabert.parallel.host.HostReduction;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * A group of MPI ranks that are processes of one host: they reduce and gather through memory that
 * they have in common, as threads do, and send each other messages by MPI.
 *
 * <p>An all-reduce of long matrices takes rounds of {@link SharedWindow#NUMBERS}. In each a rank
 * places all its numbers but those of its own share; reduces its share from the slots, which are
 * still in the caches; and copies the others' results. While others reduce, it places the numbers
 * of the next round.
 */
final class WindowTransport implements Transport {
  /** Up to so many numbers every rank reduces them all: one wait instead of two. */
  private static final long FEW = 2048;

  /** What a rank does in one of an operation's rounds, which has another number in the window. */
  private interface Step {
    void take(long number, long round);
  }

  private static final Step NOTHING = (number, round) -> {};

  private final MpiTransport messages;
  private final SharedWindow window;
  private final int rank;
  private final int size;
  private final HostReduction host = new HostReduction();

  /** Rounds of all operations so far. */
  private long rounds;

  WindowTransport(MpiTransport messages, SharedWindow window) {
    this.messages = messages;
    this.window = window;
    rank = messages.rank();
    size = messages.size();
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
    return messages.worldRank();
  }

  @Override
  public boolean isOfThreads() {
    return false;
  }

  @Override
  public void broadcast(MemorySegment bytes, int root) {
    Step place =
        (number, round) -> {
          if (rank == root) {
            MemorySegment piece = piece(bytes, number);
            window.slot(rank, round).asSlice(0, piece.byteSize()).copyFrom(piece);
          }
        };
    Step read =
        (number, round) -> {
          if (rank != root) {
            MemorySegment piece = piece(bytes, number);
            piece.copyFrom(window.slot(root, round).asSlice(0, piece.byteSize()));
          }
        };
    String call = "a broadcast of " + bytes.byteSize() + " bytes from its rank " + root;
    run(call, bytes.byteSize(), SharedWindow.BYTES, place, read, NOTHING);
  }

  @Override
  public void allReduce(MemorySegment floats, Reduction reduction) {
    long elements = floats.byteSize() / Float.BYTES;
    String call = "an all-reduce (" + reduction + ") of " + elements + " numbers";
    if (elements <= FEW) {
      Step place =
          (number, round) ->
              window.slot(rank, round).asSlice(0, floats.byteSize()).copyFrom(floats);
      Step read =
          (number, round) ->
              host.reduce(
                  reduction, sources(floats, round, 0, elements), 0, List.of(floats), 0, elements);
      run(call, elements, FEW, place, read, NOTHING);
    } else {
      allReduceInShares(call, floats, reduction);
    }
  }

  private void allReduceInShares(String call, MemorySegment floats, Reduction reduction) {
    Step place =
        (number, round) -> {
          MemorySegment piece = piece(floats, number);
          copyButOwn(piece, window.slot(rank, round));
        };
    Step read =
        (number, round) -> {
          MemorySegment piece = piece(floats, number);
          Partition shares = shares(piece);
          long start = shares.start(rank);
          long count = shares.count(rank);
          MemorySegment own = shares.slice(piece, rank);
          MemorySegment result = floats(window.results(round), start, count);
          host.reduce(
              reduction, sources(own, round, start, count), 0, List.of(own, result), 0, count);
        };
    Step end =
        (number, round) -> {
          window.awaitResults(round);
          copyButOwn(window.results(round), piece(floats, number));
        };
    run(call, floats.byteSize(), SharedWindow.BYTES, place, read, end);
  }

  /** All numbers of a round but those of this rank's share; the shorter memory is the round's. */
  private void copyButOwn(MemorySegment from, MemorySegment to) {
    long bytes = Math.min(from.byteSize(), to.byteSize());
    Partition shares = Partition.even(bytes / Float.BYTES, size);
    long before = shares.start(rank) * Float.BYTES;
    long behind = before + shares.count(rank) * Float.BYTES;
    MemorySegment.copy(from, 0, to, 0, before);
    MemorySegment.copy(from, behind, to, behind, bytes - behind);
  }

  private Partition shares(MemorySegment piece) {
    return Partition.even(piece.byteSize() / Float.BYTES, size);
  }

  @Override
  public void reduceScatter(
      MemorySegment all, MemorySegment part, Partition partition, Reduction reduction) {
    long most = SharedWindow.NUMBERS / size;
    Step place =
        (number, round) -> {
          for (int other = 0; other < size; other++) {
            if (other != rank) {
              long count = Math.clamp(partition.count(other) - number * most, 0, most);
              MemorySegment.copy(
                  floats(all, partition.start(other) + number * most, count),
                  0,
                  window.slot(rank, round),
                  other * most * Float.BYTES,
                  count * Float.BYTES);
            }
          }
        };
    Step read =
        (number, round) -> {
          long count = Math.clamp(partition.count(rank) - number * most, 0, most);
          MemorySegment own = floats(all, partition.start(rank) + number * most, count);
          host.reduce(
              reduction,
              sources(own, round, rank * most, count),
              0,
              List.of(part),
              number * most,
              count);
        };
    String call = "a reduce-scatter (" + reduction + ") of " + parts(partition, "numbers");
    run(call, longest(partition), most, place, read, NOTHING);
  }

  @Override
  public void allGather(MemorySegment part, MemorySegment all, Partition partition) {
    all.asSlice(partition.start(rank), partition.count(rank)).copyFrom(part);
    Step place =
        (number, round) -> {
          MemorySegment piece = piece(part, number);
          window.slot(rank, round).asSlice(0, piece.byteSize()).copyFrom(piece);
        };
    Step read =
        (number, round) -> {
          for (int other = 0; other < size; other++) {
            if (other != rank) {
              MemorySegment theirs = all.asSlice(partition.start(other), partition.count(other));
              MemorySegment piece = piece(theirs, number);
              piece.copyFrom(window.slot(other, round).asSlice(0, piece.byteSize()));
            }
          }
        };
    String call = "an all-gather of " + parts(partition, "bytes");
    run(call, longest(partition), SharedWindow.BYTES, place, read, NOTHING);
  }

  @Override
  public void barrier() {
    run("a barrier", 0, 1, NOTHING, NOTHING, NOTHING);
  }

  @Override
  public Pending send(MemorySegment bytes, int to, int tag) {
    return messages.send(bytes, to, tag);
  }

  @Override
  public Pending receive(MemorySegment bytes, int from, int tag) {
    return messages.receive(bytes, from, tag);
  }

  @Override
  public Transport split(int color, int key) {
    return messages.split(color, key);
  }

  /**
   * The rounds of an operation, one at least.
   *
   * @param elements of the operation, of which a round has {@code most}
   */
  private void run(String call, long elements, long most, Step place, Step read, Step end) {
    long count = Math.max(1, Math.ceilDiv(elements, most));
    window.awaitSlot(rounds);
    window.tell(rounds, call);
    place(place, 0);
    for (long number = 0; number < count; number++) {
      long round = rounds + number;
      window.awaitPlaced(round);
      if (number == 0) {
        window.checkAgreement(round);
      }
      read.take(number, round);
      window.read(round);
      if (number + 1 < count) {
        window.awaitSlot(round + 1);
        place(place, number + 1);
      }
      end.take(number, round);
    }
    rounds += count;
  }

  private void place(Step place, long number) {
    long round = rounds + number;
    place.take(number, round);
    window.placed(round);
  }

  /** The same numbers of all ranks, this one's where they are and others' in their slots. */
  private List<MemorySegment> sources(MemorySegment own, long round, long start, long count) {
    List<MemorySegment> sources = new ArrayList<>();
    for (int other = 0; other < size; other++) {
      sources.add(other == rank ? own : floats(window.slot(other, round), start, count));
    }
    return sources;
  }

  /** A partition in few words, with a number that tells it from others of as many elements. */
  private static String parts(Partition partition, String elements) {
    return String.format(
        Locale.ROOT,
        "%d %s in %d parts, #%x",
        partition.total(),
        elements,
        partition.parts(),
        partition.hashCode());
  }

  private static long longest(Partition partition) {
    return IntStream.range(0, partition.parts()).mapToLong(partition::count).max().orElse(0);
  }

  /** What one of the rounds has of long memory; nothing behind its end. */
  private static MemorySegment piece(MemorySegment all, long number) {
    long start = Math.min(number * SharedWindow.BYTES, all.byteSize());
    return all.asSlice(start, Math.min(SharedWindow.BYTES, all.byteSize() - start));
  }

  private static MemorySegment floats(MemorySegment all, long start, long count) {
    return count == 0 ? MemorySegment.NULL : all.asSlice(start * Float.BYTES, count * Float.BYTES);
  }
}
