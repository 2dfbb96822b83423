// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** A group of ranks of one JVM: where its members meet, and leave messages. */
final class SharedGroup {
  /**
   * What a rank brings to a meeting.
   *
   * @param operation what all members must have in common, as a message shows it
   * @param source what others read, or null
   * @param destination what others may write, or null
   * @param note what a split tells the others
   */
  record Call(
      String operation,
      @Nullable MemorySegment source,
      @Nullable MemorySegment destination,
      @Nullable Object note) {}

  /** Where a message goes; messages of one route arrive in order. */
  private record Route(int from, int to, int tag) {}

  /** One side of a message; done when its bytes have been copied. */
  private final class Post implements Pending {
    private final int rank;
    private final String purpose;
    private final MemorySegment bytes;
    private boolean done;

    Post(int rank, String purpose, MemorySegment bytes) {
      this.rank = rank;
      this.purpose = purpose;
      this.bytes = bytes;
    }

    @Override
    public void await() {
      world.lock();
      try {
        world.await(worldRank(rank), purpose, () -> done);
      } finally {
        world.unlock();
      }
    }

    @Override
    public boolean isDone() {
      world.lock();
      try {
        return done || world.failure() != null;
      } finally {
        world.unlock();
      }
    }
  }

  private final SharedWorld world;
  private final int[] members;
  private final Call[] calls;
  private Call[] met = {};
  private int arrived;
  private long meetings;
  private final Map<Route, Queue<Post>> sends = new HashMap<>();
  private final Map<Route, Queue<Post>> receives = new HashMap<>();

  /**
   * A group.
   *
   * @param members the numbers of the ranks in the whole run
   */
  SharedGroup(SharedWorld world, int[] members) {
    this.world = world;
    this.members = members;
    calls = new Call[members.length];
  }

  SharedWorld world() {
    return world;
  }

  int size() {
    return members.length;
  }

  int worldRank(int rank) {
    return members[rank];
  }

  /** Waits until every member has called this, and returns what each has brought. */
  List<Call> meet(int rank, Call call) {
    world.lock();
    try {
      world.check();
      calls[rank] = call;
      if (++arrived < members.length) {
        long meeting = meetings;
        world.await(worldRank(rank), call.operation(), () -> meetings != meeting);
      } else {
        checkAgreement();
        arrived = 0;
        meetings++;
        met = calls.clone();
        world.changed();
      }
      // It stays until the next meeting, to which this rank has not come yet.
      return Arrays.asList(met);
    } finally {
      world.unlock();
    }
  }

  private void checkAgreement() {
    for (int rank = 1; rank < members.length; rank++) {
      if (!calls[rank].operation().equals(calls[0].operation())) {
        world.fail(
            new RanksDisagreeException(
                String.format(
                    Locale.ROOT,
                    "rank %d calls %s, rank %d of the same group calls %s",
                    worldRank(0),
                    calls[0].operation(),
                    worldRank(rank),
                    calls[rank].operation())));
        world.check();
      }
    }
  }

  /** Leaves a message for a rank to receive, or gives it to one that waits. */
  Pending send(int from, MemorySegment bytes, int to, int tag) {
    String purpose =
        String.format(
            Locale.ROOT,
            "a send of %d bytes to rank %d with tag %d",
            bytes.byteSize(),
            worldRank(to),
            tag);
    return post(
        new Post(from, purpose, bytes),
        sends,
        receives,
        new Route(from, to, tag),
        /* sends= */ true);
  }

  /** Takes a message that was left, or waits for it. */
  Pending receive(int to, MemorySegment bytes, int from, int tag) {
    String purpose =
        String.format(
            Locale.ROOT,
            "a receive of %d bytes from rank %d with tag %d",
            bytes.byteSize(),
            worldRank(from),
            tag);
    return post(
        new Post(to, purpose, bytes),
        receives,
        sends,
        new Route(from, to, tag),
        /* sends= */ false);
  }

  private Pending post(
      Post post,
      Map<Route, Queue<Post>> own,
      Map<Route, Queue<Post>> others,
      Route route,
      boolean sends) {
    Post other;
    world.lock();
    try {
      world.check();
      other = others.getOrDefault(route, new ArrayDeque<>()).poll();
      if (other == null) {
        own.computeIfAbsent(route, key -> new ArrayDeque<>()).add(post);
        return post;
      }
      if (post.bytes.byteSize() != other.bytes.byteSize()) {
        world.fail(
            new RanksDisagreeException(
                String.format(
                    Locale.ROOT,
                    "rank %d calls %s, rank %d %s",
                    worldRank(post.rank),
                    post.purpose,
                    worldRank(other.rank),
                    other.purpose)));
        world.check();
      }
    } finally {
      world.unlock();
    }
    // Without the lock: others may go on meanwhile.
    if (sends) {
      other.bytes.copyFrom(post.bytes);
    } else {
      post.bytes.copyFrom(other.bytes);
    }
    world.lock();
    try {
      post.done = true;
      other.done = true;
      world.changed();
    } finally {
      world.unlock();
    }
    return post;
  }

  /** The group of those members that give the color of this one, and the rank's number in it. */
  SharedTransport split(int rank, int color, int key) {
    record Wish(int rank, int color, int key) {}
    List<Call> wishes = meet(rank, new Call("a split", null, null, new Wish(rank, color, key)));
    List<Wish> chosen = new ArrayList<>();
    for (Call wish : wishes) {
      if (wish.note() instanceof Wish w && w.color() == color) {
        chosen.add(w);
      }
    }
    chosen.sort(Comparator.comparingInt(Wish::key).thenComparingInt(Wish::rank));
    int leader = chosen.getFirst().rank();
    SharedGroup founded =
        rank == leader
            ? new SharedGroup(
                world, chosen.stream().mapToInt(wish -> worldRank(wish.rank())).toArray())
            : null;
    List<Call> groups = meet(rank, new Call("a split", null, null, founded));
    int number = 0;
    while (chosen.get(number).rank() != rank) {
      number++;
    }
    return new SharedTransport(
        (SharedGroup) Objects.requireNonNull(groups.get(leader).note()), number);
  }
}
