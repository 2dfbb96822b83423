// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks.load;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * Offers a server ten times what it can serve, at a steady rate whatever it answers, and looks once
 * a second at its memory; then its clients hang up, and the time is taken to the next answer.
 */
final class Overload {
  private static final int TIMES = 10;
  private static final int TEXTS = 16;

  /** Requests under way at most: less than the connections that a server takes. */
  private static final int MOST = 1000;

  /** What a server that has too much may say. */
  private static final Set<Integer> ALLOWED = Set.of(LoadClient.OK, 429, 503);

  /** How much more memory the last third of the time may take than the second. */
  private static final double GROWTH = 0.05;

  private static final PrintStream OUT = System.out;

  private final ServerProcess server;
  private final Map<Integer, AtomicInteger> statuses = new ConcurrentSkipListMap<>();
  private final Semaphore free = new Semaphore(MOST);
  private final AtomicBoolean over = new AtomicBoolean();
  private int withheld;

  Overload(ServerProcess server) {
    this.server = server;
  }

  /**
   * Runs it.
   *
   * @param served texts a second that the server can serve
   * @throws IllegalStateException if an answer is another, or memory grows
   */
  void run(double served, Duration time) throws InterruptedException {
    List<Long> memory = new ArrayList<>();
    long before = server.residentBytes();
    try (LoadClient clients = new LoadClient(server)) {
      offer(clients, TIMES * served / TEXTS, time, memory);
      over.set(true);
    }
    long gone = System.nanoTime();
    try (LoadClient next = new LoadClient(server)) {
      while (next.embed(new Random(1), 1) != LoadClient.OK) {
        if (System.nanoTime() - gone > TimeUnit.MINUTES.toNanos(1)) {
          throw new IllegalStateException("no answer within a minute after its clients had gone");
        }
        Thread.sleep(1);
      }
    }
    report(served, time, before, memory, (System.nanoTime() - gone) / 1_000_000);
  }

  private void offer(LoadClient clients, double requests, Duration time, List<Long> memory)
      throws InterruptedException {
    long begin = System.nanoTime();
    long second = TimeUnit.SECONDS.toNanos(1);
    long count = Math.round(requests * time.toNanos() / second);
    for (long i = 0; i < count; i++) {
      long due = begin + Math.round(i * second / requests);
      TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
      if ((due - begin) / second >= memory.size()) {
        memory.add(server.residentBytes());
      }
      if (free.tryAcquire()) {
        Random random = new Random(i);
        Thread.ofVirtual().start(() -> request(clients, random));
      } else {
        withheld++;
      }
    }
  }

  private void request(LoadClient clients, Random random) {
    try {
      int status = clients.embed(random, TEXTS);
      if (!over.get()) {
        statuses.computeIfAbsent(status, key -> new AtomicInteger()).incrementAndGet();
      }
    } finally {
      free.release();
    }
  }

  private void report(
      double served, Duration time, long before, List<Long> memory, long millisToAnswer) {
    OUT.printf(
        Locale.ROOT,
        "%d times that for %d s, %.0f texts/s in requests of %d: answers %s; %d requests withheld,"
            + " since %d were under way%n",
        TIMES,
        time.toSeconds(),
        TIMES * served,
        TEXTS,
        LoadResult.answers(statuses),
        withheld,
        MOST);
    long middle = median(memory, 1);
    long last = median(memory, 2);
    OUT.printf(
        Locale.ROOT,
        "resident, MB: before %d; each second %s; medians of the second and the last third"
            + " %d, %d%n",
        before >> 20,
        memory.stream().map(bytes -> Long.toString(bytes >> 20)).collect(Collectors.joining(" ")),
        middle >> 20,
        last >> 20);
    OUT.printf(Locale.ROOT, "the next answer %d ms after its clients had gone%n", millisToAnswer);
    if (!ALLOWED.containsAll(statuses.keySet())) {
      throw new IllegalStateException("an answer is another than " + ALLOWED);
    }
    if (last > middle * (1 + GROWTH)) {
      throw new IllegalStateException("memory grows");
    }
  }

  private static long median(List<Long> memory, int third) {
    long[] part =
        memory.subList(memory.size() * third / 3, memory.size() * (third + 1) / 3).stream()
            .mapToLong(Long::longValue)
            .sorted()
            .toArray();
    return part.length == 0 ? 0 : Arrays.stream(part).skip(part.length / 2).findFirst().orElse(0);
  }
}
