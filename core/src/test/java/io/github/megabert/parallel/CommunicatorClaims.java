// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.parallel.Traffic.Operation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * What holds of a communicator of any engine and size: results are, to the bit, those of plain
 * loops over the ranks. All ranks draw the same shapes from the seed, and each one knows what every
 * other holds.
 */
final class CommunicatorClaims {
  private final Communicator world;
  private final Random shapes;
  private final Random delays;
  private int salt;

  private CommunicatorClaims(Communicator world, long seed) {
    this.world = world;
    shapes = new Random(seed);
    delays = new Random(seed + world.rank());
  }

  /** Checks all claims as one rank of a run. */
  static void check(Communicator world, long seed) {
    CommunicatorClaims claims = new CommunicatorClaims(world, seed);
    claims.everyOperationEqualsAPlainLoop(world);
    claims.soDoLongOnes();
    claims.messagesArriveInTheOrderOfTheirTag();
    claims.groupsAreNumberedByKey();
    claims.textsReachAll();
    claims.wrongArgumentsAreRefused();
    claims.trafficIsCounted();
    claims.operationsOfGroupsMayInterleave();
  }

  private void everyOperationEqualsAPlainLoop(Communicator group) {
    for (int length : new int[] {0, 1, group.size() - 1, 7, 2048, 5000}) {
      for (Reduction reduction : Reduction.values()) {
        allReduce(group, length, reduction);
        startAllReduce(group, length, reduction);
      }
      for (int root = 0; root < group.size(); root++) {
        broadcast(group, length, root);
      }
    }
    for (int i = 0; i < 6; i++) {
      Partition parts = parts(group.size());
      reduceScatter(group, parts, i % 2 == 0 ? Reduction.SUM : Reduction.MAX, i < 3);
      allGather(group, parts, i < 3);
    }
    group.barrier();
  }

  /** Longer than what engines move at a time. */
  private void soDoLongOnes() {
    for (int length : new int[] {1 << 18, 700_001}) {
      allReduce(world, length, Reduction.SUM);
      broadcast(world, length, world.size() - 1);
    }
    startAllReduce(world, 300_001, Reduction.MAX);
    long[] counts = new long[world.size()];
    for (int part = 0; part < counts.length; part++) {
      counts[part] = part == 1 ? 0 : 300_000 + part;
    }
    reduceScatter(world, Partition.of(counts), Reduction.SUM, true);
    allGather(world, Partition.of(counts), false);
  }

  private void allReduce(Communicator group, int length, Reduction reduction) {
    int id = ++salt;
    MemorySegment floats = floats(world.rank(), id, length);
    float[] expected = reduced(ranks(group), id, length, reduction);
    group.allReduce(floats, reduction);
    assertBits(expected, floats);
  }

  private void startAllReduce(Communicator group, int length, Reduction reduction) {
    int[] ranks = ranks(group);
    List<MemorySegment> started = new ArrayList<>();
    List<Pending> pending = new ArrayList<>();
    int first = salt + 1;
    for (int i = 0; i < 3; i++) {
      started.add(floats(world.rank(), ++salt, length));
      pending.add(group.startAllReduce(started.getLast(), reduction));
    }
    group.barrier();
    for (int i = 2; i >= 0; i--) {
      pending.get(i).await();
      assertTrue(pending.get(i).isDone());
      assertBits(reduced(ranks, first + i, length, reduction), started.get(i));
    }
  }

  private void broadcast(Communicator group, int length, int root) {
    int id = ++salt;
    int rootInWorld = ranks(group)[root];
    MemorySegment floats = floats(world.rank(), id, length);
    group.broadcast(floats, root);
    assertBits(numbers(rootInWorld, id, length), floats);
  }

  private void reduceScatter(
      Communicator group, Partition parts, Reduction reduction, boolean inPlace) {
    int id = ++salt;
    int length = (int) parts.total();
    MemorySegment all = floats(world.rank(), id, length);
    MemorySegment part =
        inPlace ? parts.slice(all, group.rank()) : allocate((int) parts.count(group.rank()));
    float[] expected = reduced(ranks(group), id, length, reduction);
    if (id / 2 % 2 == 0) {
      group.reduceScatter(all, part, parts, reduction);
    } else {
      group.startReduceScatter(all, part, parts, reduction).await();
    }
    assertBits(slice(expected, parts, group.rank()), part);
    if (!inPlace) {
      assertBits(numbers(world.rank(), id, length), all);
    }
  }

  private void allGather(Communicator group, Partition parts, boolean inPlace) {
    int id = ++salt;
    int length = (int) parts.total();
    float[] expected = new float[length];
    int[] ranks = ranks(group);
    for (int rank = 0; rank < ranks.length; rank++) {
      float[] theirs = numbers(ranks[rank], id, length);
      System.arraycopy(
          theirs,
          (int) parts.start(rank),
          expected,
          (int) parts.start(rank),
          (int) parts.count(rank));
    }
    MemorySegment all = allocate(length);
    MemorySegment part = parts.slice(inPlace ? all : allocate(length), group.rank());
    part.copyFrom(parts.slice(floats(world.rank(), id, length), group.rank()));
    if (id / 2 % 2 == 0) {
      group.allGather(part, all, parts);
    } else {
      group.startAllGather(part, all, parts).await();
    }
    assertBits(expected, all);
  }

  private void messagesArriveInTheOrderOfTheirTag() {
    int size = world.size();
    if (size == 1) {
      return;
    }
    int next = (world.rank() + 1) % size;
    int previous = (world.rank() + size - 1) % size;
    int id = ++salt;
    List<Pending> sent = new ArrayList<>();
    for (int message = 0; message < 6; message++) {
      sent.add(
          world.startSend(floats(world.rank(), id + message, 100 * message), next, message % 2));
    }
    for (int message : new int[] {1, 3, 0, 2, 4}) {
      MemorySegment received = allocate(100 * message);
      world.receive(received, previous, message % 2);
      assertBits(numbers(previous, id + message, 100 * message), received);
    }
    MemorySegment last = allocate(500);
    Pending started = world.startReceive(last, previous, 1);
    started.await();
    assertBits(numbers(previous, id + 5, 500), last);
    sent.forEach(Pending::await);
    salt += 6;

    // Around the ring, each rank waiting for the one before it.
    MemorySegment token = floats(0, ++salt, 3);
    if (world.rank() > 0) {
      token.fill((byte) 0);
      world.receive(token, previous, 7);
    }
    if (next > 0) {
      world.send(token, next, 7);
    }
    assertBits(numbers(0, salt, 3), token);
  }

  private void groupsAreNumberedByKey() {
    int rank = world.rank();
    int size = world.size();
    Communicator backwards = world.split(0, -rank);
    assertEquals(size - 1 - rank, backwards.rank());
    assertEquals(size, backwards.size());
    everyOperationEqualsAPlainLoop(backwards);

    Communicator half = world.split(rank % 2, 0);
    assertEquals(rank / 2, half.rank());
    assertEquals((size + 1 - rank % 2) / 2, half.size());
    everyOperationEqualsAPlainLoop(half);

    Communicator quarter = half.split(half.rank() / 2, -half.rank());
    everyOperationEqualsAPlainLoop(quarter);
    assertEquals(1, world.split(rank, 0).size());
  }

  private void textsReachAll() {
    for (int root = 0; root < world.size(); root++) {
      String text = "rank " + root + ", «größer»".repeat(root);
      byte[] bytes = world.rank() == root ? utf8(text) : new byte[world.rank()];
      assertArrayEquals(utf8(text), world.broadcastBytes(bytes, root));
    }
    List<byte[]> all = world.gatherBytes(new byte[world.rank()]);
    assertEquals(world.size(), all.size());
    for (int rank = 0; rank < world.size(); rank++) {
      assertEquals(rank, all.get(rank).length);
    }
    List<byte[]> names = world.gatherBytes(utf8("rank " + world.rank()));
    for (int rank = 0; rank < world.size(); rank++) {
      assertArrayEquals(utf8("rank " + rank), names.get(rank));
    }
  }

  private void wrongArgumentsAreRefused() {
    MemorySegment floats = allocate(4);
    refused("there is no rank " + world.size(), () -> world.broadcast(floats, world.size()));
    refused("sends to itself", () -> world.send(floats, world.rank(), 0));
    refused("color is -1", () -> world.split(-1, 0));
    refused(
        "array of the heap",
        () -> world.allReduce(MemorySegment.ofArray(new float[4]), Reduction.SUM));
    refused("6 bytes", () -> world.allReduce(floats.asSlice(0, 6), Reduction.SUM));
    refused(
        "parts, the group",
        () -> world.allGather(floats, floats, Partition.even(4, world.size() + 1)));
    refused(
        "all parts have", () -> world.allGather(floats, floats, Partition.even(5, world.size())));
    try (Arena arena = Arena.ofConfined()) {
      refused("one thread's own", () -> world.allReduce(arena.allocate(16, 4), Reduction.SUM));
    }
  }

  private static void refused(String part, Runnable operation) {
    String message = assertThrows(IllegalArgumentException.class, operation::run).getMessage();
    assertTrue(message.contains(part), message);
  }

  private void trafficIsCounted() {
    Communicator group = world.split(0, world.rank());
    MemorySegment floats = allocate(10);
    group.allReduce(floats, Reduction.SUM);
    Traffic before = group.traffic();
    group.allReduce(floats, Reduction.SUM);
    group.startAllReduce(floats, Reduction.MAX).await();
    Partition parts = Partition.even(10, group.size());
    group.allGather(parts.slice(floats, group.rank()), floats, parts);
    group.reduceScatter(floats, parts.slice(floats, group.rank()), parts, Reduction.SUM);
    group.barrier();
    if (group.rank() == 0 && group.size() > 1) {
      group.send(floats, 1, 0);
    } else if (group.rank() == 1) {
      group.receive(floats, 0, 0);
    }
    Traffic traffic = group.traffic().since(before);
    assertEquals(2, traffic.calls(Operation.ALL_REDUCE));
    assertEquals(80, traffic.bytes(Operation.ALL_REDUCE));
    assertEquals(40, traffic.bytes(Operation.ALL_GATHER));
    assertEquals(40, traffic.bytes(Operation.REDUCE_SCATTER));
    assertEquals(1, traffic.calls(Operation.BARRIER));
    assertEquals(0, traffic.calls(Operation.BROADCAST));
    boolean sends = group.rank() == 0 && group.size() > 1;
    assertEquals(sends ? 40 : 0, traffic.bytes(Operation.SEND));
    assertEquals(group.rank() == 1 ? 1 : 0, traffic.calls(Operation.RECEIVE));
    assertEquals(3, group.traffic().calls(Operation.ALL_REDUCE));
  }

  /** Ranks come to each operation at other times, and some to another group's first. */
  private void operationsOfGroupsMayInterleave() {
    int rank = world.rank();
    // Ranks of groups of other sizes have counted further.
    salt = 10_000;
    List<Communicator> groups =
        List.of(world, world.split(rank % 2, rank), world.split(rank / 2, -rank));
    for (int i = 0; i < 60; i++) {
      Communicator group = groups.get(shapes.nextInt(groups.size()));
      Reduction reduction = shapes.nextBoolean() ? Reduction.SUM : Reduction.MAX;
      int length = shapes.nextInt(3) == 0 ? shapes.nextInt(20_000) : shapes.nextInt(10);
      int operation = shapes.nextInt(5);
      // Groups of another size draw another number of parts: from a generator of their own.
      long seed = shapes.nextLong();
      if (delays.nextInt(8) == 0) {
        LockSupport.parkNanos(delays.nextInt(300_000));
      }
      switch (operation) {
        case 0 -> allReduce(group, length, reduction);
        case 1 -> broadcast(group, length, (int) Math.floorMod(seed, (long) group.size()));
        case 2 -> reduceScatter(group, parts(group.size(), seed), reduction, i % 2 == 0);
        case 3 -> allGather(group, parts(group.size(), seed), i % 2 == 0);
        default -> startAllReduce(group, length, reduction);
      }
    }
  }

  private Partition parts(int count) {
    return parts(count, shapes.nextLong());
  }

  private static Partition parts(int count, long seed) {
    Random random = new Random(seed);
    long[] counts = new long[count];
    for (int part = 0; part < count; part++) {
      counts[part] = random.nextInt(3) == 0 ? 0 : random.nextInt(3000);
    }
    return Partition.of(counts);
  }

  /** The numbers in the whole run of a group's ranks. */
  private int[] ranks(Communicator group) {
    return group.gatherBytes(new byte[] {(byte) world.rank()}).stream()
        .mapToInt(bytes -> bytes[0])
        .toArray();
  }

  /** What a rank holds: of many magnitudes, so that another order of summation shows. */
  private static float[] numbers(int rank, int id, int length) {
    SplittableRandom random = new SplittableRandom(31L * id + rank);
    float[] numbers = new float[length];
    for (int i = 0; i < length; i++) {
      numbers[i] = (float) Math.scalb(random.nextDouble() - 0.5, random.nextInt(40) - 20);
    }
    if (length > 3) {
      numbers[0] = -0f;
      numbers[1] = rank == 0 ? Float.NaN : 1;
      numbers[2] = Float.NEGATIVE_INFINITY;
    }
    return numbers;
  }

  private static float[] reduced(int[] ranks, int id, int length, Reduction reduction) {
    float[] result = numbers(ranks[0], id, length);
    for (int rank = 1; rank < ranks.length; rank++) {
      float[] next = numbers(ranks[rank], id, length);
      for (int i = 0; i < length; i++) {
        result[i] = reduction == Reduction.SUM ? result[i] + next[i] : Math.max(result[i], next[i]);
      }
    }
    return result;
  }

  private static float[] slice(float[] all, Partition parts, int part) {
    return Arrays.copyOfRange(
        all, (int) parts.start(part), (int) (parts.start(part) + parts.count(part)));
  }

  private static MemorySegment floats(int rank, int id, int length) {
    MemorySegment floats = allocate(length);
    MemorySegment.copy(numbers(rank, id, length), 0, floats, ValueLayout.JAVA_FLOAT, 0, length);
    return floats;
  }

  private static MemorySegment allocate(int length) {
    return Arena.ofAuto().allocate((long) length * Float.BYTES, 64);
  }

  private static void assertBits(float[] expected, MemorySegment floats) {
    assertArrayEquals(expected, floats.toArray(ValueLayout.JAVA_FLOAT), 0f);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
