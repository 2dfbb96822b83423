// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks.load;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TextEmbedding;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntSupplier;

/**
 * How many texts a second a server serves to one client and to 64, beside the library that computes
 * one text after the other, and what it does with ten times as many. {@code benchmarks/serve.sh}
 * starts it, and {@code docs/server.md} has figures.
 */
final class ServerLoad {
  private static final int CLIENTS = 64;

  /** Of the phases beside the main one, at most. */
  private static final Duration ASIDE = Duration.ofMinutes(1);

  private static final PrintStream OUT = System.out;

  private ServerLoad() {}

  /** Arguments: the model's folder, the seconds of the main phase, the command of the server. */
  public static void main(String[] args) throws Exception {
    Duration time = Duration.ofSeconds(Long.parseLong(args[1]));
    run(Path.of(args[0]), time, List.of(args).subList(2, args.length));
  }

  private static void run(Path model, Duration time, List<String> command) throws Exception {
    Duration aside = time.compareTo(ASIDE) < 0 ? time : ASIDE;
    OUT.println(LoadResult.HEADER);
    LoadResult library = library(model, aside);
    LoadResult single;
    try (ServerProcess server =
        ServerProcess.start(command, "--batch-tokens", "1", "--batch-wait", "0")) {
      single = clients("64 clients, a text a batch", server, CLIENTS, aside);
    }
    try (ServerProcess server = ServerProcess.start(command)) {
      LoadResult one = clients("one client", server, 1, aside);
      LoadResult many = clients("64 clients", server, CLIENTS, time);
      OUT.println();
      ratio(many, library);
      ratio(many, single);
      ratio(many, one);
      new Overload(server).run(many.textsPerSecond(), aside);
    }
  }

  private static void ratio(LoadResult many, LoadResult other) {
    OUT.printf(
        Locale.ROOT,
        "%s: %.2f times the texts of: %s%n",
        many.name(),
        many.textsPerSecond() / other.textsPerSecond(),
        other.name());
  }

  /** One text after the other, without a server. */
  private static LoadResult library(Path model, Duration time)
      throws IOException, InterruptedException {
    try (MegaBert bert = MegaBert.builder().warmUp(true).load(model)) {
      TextEmbedding task = bert.textEmbedding();
      return phase(
          "the library, a text a call",
          1,
          time,
          random -> {
            task.apply(LoadClient.text(random));
            return LoadClient.OK;
          });
    }
  }

  private static LoadResult clients(String name, ServerProcess server, int clients, Duration time)
      throws InterruptedException {
    try (LoadClient client = new LoadClient(server)) {
      return phase(name, clients, time, random -> client.embed(random, 1));
    }
  }

  /** A call of one text; the status of its answer. */
  private interface Call {
    int status(Random random);
  }

  /** Callers that call again as soon as they have their answer; first for a fourth of the time. */
  private static LoadResult phase(String name, int callers, Duration time, Call call)
      throws InterruptedException {
    measure(name, callers, time.dividedBy(4), call);
    LoadResult result = measure(name, callers, time, call);
    OUT.println(result.row());
    if (result.failures() > 0) {
      throw new IllegalStateException(name + ": not every answer was 200");
    }
    return result;
  }

  private static LoadResult measure(String name, int callers, Duration time, Call call)
      throws InterruptedException {
    long begin = System.nanoTime();
    long end = begin + time.toNanos();
    List<Callable<Caller>> tasks = new ArrayList<>();
    for (int i = 0; i < callers; i++) {
      Random random = new Random(i);
      tasks.add(() -> new Caller().run(end, () -> call.status(random)));
    }
    Map<Integer, Integer> statuses = new TreeMap<>();
    List<Long> nanos = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Caller> caller : threads.invokeAll(tasks)) {
        caller.get().statuses.forEach((status, n) -> statuses.merge(status, n, Integer::sum));
        nanos.addAll(caller.get().nanos);
      }
    } catch (ExecutionException failure) {
      throw new IllegalStateException(failure.getCause());
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
    return new LoadResult(name, statuses, sorted, seconds);
  }

  /** What one caller counts. */
  private static final class Caller {
    private final Map<Integer, Integer> statuses = new TreeMap<>();
    private final List<Long> nanos = new ArrayList<>();

    Caller run(long end, IntSupplier call) {
      for (long begin = System.nanoTime(); begin < end; begin = System.nanoTime()) {
        int status = call.getAsInt();
        statuses.merge(status, 1, Integer::sum);
        if (status == LoadClient.OK) {
          nanos.add(System.nanoTime() - begin);
        }
      }
      return this;
    }
  }
}
