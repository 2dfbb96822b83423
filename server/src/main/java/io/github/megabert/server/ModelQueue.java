// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.server;

import io.github.megabert.task.RequestBatcher;
import io.github.megabert.task.TextTask;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The texts that wait for a model. Those of all clients and all tasks share batches by tokens;
 * texts of one task with the same options are computed together.
 */
final class ModelQueue implements AutoCloseable {
  /** How often a request that waits looks whether its client is still there. */
  private static final long WATCH_MILLIS = 100;

  private final Limits limits;
  private final Meters meters;
  private final Semaphore places;
  private final RequestBatcher<Work<?, ?, ?>, Object> batcher;

  ModelQueue(Limits limits, Meters meters) {
    this.limits = limits;
    this.meters = meters;
    places = new Semaphore(limits.queue());
    batcher =
        new RequestBatcher<>(
            this::compute,
            Work::tokens,
            RequestBatcher.Options.DEFAULT
                .withLatency(limits.batchWait())
                .withBudget(limits.batchTokens())
                .withMaxWaiting(limits.queue())
                .withDeadline(limits.deadline()));
  }

  /** A text with what is to be done with it; its length is known once it is measured. */
  private static final class Work<I, O, R> {
    private final TextTask<I, O, R> task;
    private final O options;
    private final I input;
    private final Call call;
    private final int tokens;
    private final long arrival;

    Work(TextTask<I, O, R> task, O options, I input, Call call, int tokens) {
      this.task = task;
      this.options = options;
      this.input = input;
      this.call = call;
      this.tokens = tokens;
      arrival = System.nanoTime();
    }

    int tokens() {
      return tokens;
    }

    List<R> computeAll(List<Work<?, ?, ?>> group) {
      return task.applyAll(group.stream().map(this::inputOf).toList(), options);
    }

    /** Those of a group have one task, and so one type of inputs. */
    @SuppressWarnings("unchecked")
    private I inputOf(Work<?, ?, ?> other) {
      return (I) other.input;
    }
  }

  /** What is computed together: the same task, in the sense of ==, with equal options. */
  private record Group(Object task, Object options) {}

  /** How many texts wait or are computed. */
  int size() {
    return limits.queue() - places.availablePermits();
  }

  /**
   * Computes the texts of a request, together with those of others, and waits for the results.
   *
   * @throws RequestFailure if they do not fit into the queue, one is too long, the deadline passes
   *     or the client hangs up
   * @throws IllegalArgumentException if the task refuses one
   */
  <I, O, R> List<R> apply(TextTask<I, O, R> task, List<I> inputs, O options, Call call) {
    if (!places.tryAcquire(inputs.size())) {
      throw RequestFailure.overloaded(
          size() + " texts wait, and of " + limits.queue() + " that may, these would be too many");
    }
    List<CompletableFuture<Object>> results = new ArrayList<>(inputs.size());
    try {
      for (I input : inputs) {
        results.add(submit(task, input, options, call));
      }
      List<Object> all = new ArrayList<>(inputs.size());
      for (CompletableFuture<Object> result : results) {
        all.add(await(result, call));
      }
      // The batcher serves all tasks, and so knows no types.
      @SuppressWarnings("unchecked")
      List<R> typed = (List<R>) all;
      return typed;
    } finally {
      results.forEach(result -> result.cancel(false));
      places.release(inputs.size());
    }
  }

  private <I, O, R> CompletableFuture<Object> submit(
      TextTask<I, O, R> task, I input, O options, Call call) {
    Duration left = call.left();
    long begin = System.nanoTime();
    int tokens = task.tokens(input, options);
    meters.stage(Meters.Stage.TOKENIZE, since(begin));
    if (tokens > limits.tokens()) {
      throw RequestFailure.tooLarge(
          "a text has "
              + tokens
              + " tokens, those of all its windows or labels together; at most "
              + limits.tokens()
              + " are read");
    }
    call.read(tokens);
    return batcher.submit(new Work<>(task, options, input, call, tokens), left);
  }

  private static Object await(CompletableFuture<Object> result, Call call) {
    while (true) {
      try {
        return result.get(WATCH_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException stillWaiting) {
        call.requireWanted();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RequestFailure(RequestFailure.Kind.UNAVAILABLE, "the server stops", e);
      } catch (CancellationException e) {
        throw new RequestFailure(RequestFailure.Kind.UNAVAILABLE, "the server stops", e);
      } catch (ExecutionException e) {
        switch (e.getCause()) {
          case TimeoutException late -> throw call.late();
          case RuntimeException failure -> throw failure;
          case Error failure -> throw failure;
          default -> throw new IllegalStateException(e.getCause());
        }
      }
    }
  }

  private List<Object> compute(List<Work<?, ?, ?>> batch) {
    long begin = System.nanoTime();
    Map<Group, List<Integer>> groups = new LinkedHashMap<>();
    long length = 0;
    for (int i = 0; i < batch.size(); i++) {
      Work<?, ?, ?> work = batch.get(i);
      length += work.tokens;
      meters.stage(Meters.Stage.QUEUE, Duration.ofNanos(begin - work.arrival));
      groups.computeIfAbsent(new Group(work.task, work.options), group -> new ArrayList<>()).add(i);
    }
    Object[] results = new Object[batch.size()];
    for (List<Integer> places : groups.values()) {
      List<Work<?, ?, ?>> group = new ArrayList<>(places.size());
      places.forEach(i -> group.add(batch.get(i)));
      List<?> computed = group.getFirst().computeAll(group);
      for (int i = 0; i < places.size(); i++) {
        results[places.get(i)] = computed.get(i);
      }
    }
    long time = System.nanoTime() - begin;
    batch.forEach(work -> work.call.computed(begin - work.arrival, time));
    meters.stage(Meters.Stage.COMPUTE, Duration.ofNanos(time));
    meters.batch(batch.size(), length);
    return List.of(results);
  }

  private static Duration since(long begin) {
    return Duration.ofNanos(System.nanoTime() - begin);
  }

  /** Computes what waits, and takes no more. */
  @Override
  public void close() {
    batcher.close();
  }
}
