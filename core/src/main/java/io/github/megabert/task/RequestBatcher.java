// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import jdk.jfr.FlightRecorder;

/**
 * Groups the requests of concurrent callers into batches: a model computes ten texts together
 * faster than one after the other.
 *
 * <p>The first request of a batch waits for others until the latency bound has passed or the budget
 * is used up. A request that arrives while a batch is computed waits for the next one. What waits
 * is bounded in number and in time, so that an overloaded service refuses instead of filling its
 * memory.
 *
 * <pre>{@code
 * try (var batcher = RequestBatcher.of(bert.textEmbedding(), TextEmbedding.Options.DEFAULT)) {
 *   // in any number of threads:
 *   CompletableFuture<TextEmbedding.Embedding> later = batcher.submit("a text");
 *   TextEmbedding.Embedding now = batcher.apply("another text");
 * }
 * }</pre>
 *
 * <p>Where a batch fails, its requests are computed again one by one, so that only the faulty one
 * fails. Thread-safe.
 */
public final class RequestBatcher<T, R> implements AutoCloseable {
  private final Function<List<T>, List<R>> compute;
  private final ToIntFunction<? super T> length;
  private final Options options;
  private final Thread worker;

  /** Guards what follows, and is notified of every change. */
  private final Object lock = new Object();

  /** In the order of arrival. */
  private final Set<Request<T, R>> waiting = new LinkedHashSet<>();

  private long waitingLength;
  private boolean closed;

  /**
   * How long to wait, and for how much.
   *
   * @param latency how long the first request of a batch waits for others; zero takes those that
   *     are there already
   * @param budget the length, all requests together, at which a batch is full; a longer request is
   *     a batch by itself. A batcher over a task counts tokens
   * @param maxWaiting most requests that wait, those that are being computed not counted
   * @param deadline how long after its arrival a request fails if it has no result yet
   */
  public record Options(Duration latency, int budget, int maxWaiting, Duration deadline) {
    /** For requests that may take as long as they like. */
    public static final Duration NO_DEADLINE = Duration.ofNanos(Long.MAX_VALUE);

    /** 5 milliseconds, batches of 4096 tokens, 1024 requests that wait, at most 30 seconds. */
    public static final Options DEFAULT =
        new Options(Duration.ofMillis(5), 4096, 1024, Duration.ofSeconds(30));

    /** Checks the values. */
    public Options {
      if (latency.isNegative()) {
        throw new IllegalArgumentException("latency must not be negative: " + latency);
      }
      if (budget < 1 || maxWaiting < 1) {
        throw new IllegalArgumentException(
            "budget and maxWaiting must be at least 1, not " + budget + " and " + maxWaiting);
      }
      requirePositive(deadline);
    }

    /** The same with another time that the first request of a batch waits for others. */
    public Options withLatency(Duration value) {
      return new Options(value, budget, maxWaiting, deadline);
    }

    /** The same with another length of a full batch. */
    public Options withBudget(int value) {
      return new Options(latency, value, maxWaiting, deadline);
    }

    /** The same with another number of requests that may wait. */
    public Options withMaxWaiting(int requests) {
      return new Options(latency, budget, requests, deadline);
    }

    /** The same with another time after which a request fails. */
    public Options withDeadline(Duration value) {
      return new Options(latency, budget, maxWaiting, value);
    }
  }

  /** A caller's request; two are equal only if they are the same. */
  private static final class Request<T, R> {
    private final T input;
    private final int length;
    private final long arrival = System.nanoTime();
    private final CompletableFuture<R> result = new CompletableFuture<>();

    Request(T input, int length) {
      this.input = input;
      this.length = length;
    }
  }

  /**
   * Starts a batcher over any function of lists.
   *
   * @param compute gives as many results as it gets requests, in their order; called by one thread
   *     at a time
   * @param length length of a request, in the unit of the budget; at least 0
   */
  public RequestBatcher(
      Function<List<T>, List<R>> compute, ToIntFunction<? super T> length, Options options) {
    this.compute = compute;
    this.length = length;
    this.options = options;
    worker = Thread.ofPlatform().name("megabert-request-batcher").daemon().unstarted(this::run);
    worker.start();
  }

  /** A batcher over a task, with its options and {@link Options#DEFAULT}; the budget is tokens. */
  public static <T, O, R> RequestBatcher<T, R> of(TextTask<T, O, R> task, O taskOptions) {
    return of(task, taskOptions, Options.DEFAULT);
  }

  /** A batcher over a task, with its options; the budget is tokens. */
  public static <T, O, R> RequestBatcher<T, R> of(
      TextTask<T, O, R> task, O taskOptions, Options options) {
    return new RequestBatcher<>(
        inputs -> task.applyAll(inputs, taskOptions),
        input -> task.tokens(input, taskOptions),
        options);
  }

  /**
   * Computes a request together with those of other callers, with the options' deadline; see {@link
   * #submit(Object, Duration)}.
   */
  public CompletableFuture<R> submit(T input) {
    return submit(input, options.deadline());
  }

  /**
   * Computes a request together with those of other callers.
   *
   * @param deadline how long after now the request fails if it has no result yet
   * @return the result to come. It fails with what computing it threw, or with a {@link
   *     TimeoutException} once the deadline has passed; a request that is cancelled or late is not
   *     computed, unless that has begun. Stages that depend on it without an executor of their own
   *     run on the batcher's thread: they must be short
   * @throws RejectedExecutionException if as many requests wait as may
   * @throws IllegalStateException if the batcher is closed
   */
  public CompletableFuture<R> submit(T input, Duration deadline) {
    requirePositive(deadline);
    Request<T, R> request;
    try {
      request = new Request<>(input, length.applyAsInt(input));
    } catch (RuntimeException failure) {
      return CompletableFuture.failedFuture(failure);
    }
    synchronized (lock) {
      if (closed) {
        throw closed();
      }
      if (waiting.size() >= options.maxWaiting()) {
        throw new RejectedExecutionException(
            waiting.size()
                + " requests wait, as many as may (maxWaiting); send this one again later");
      }
      waiting.add(request);
      waitingLength += request.length;
      lock.notifyAll();
    }
    if (deadline.compareTo(Options.NO_DEADLINE) < 0) {
      expire(request, deadline);
    }
    var _ = request.result.whenComplete((result, failure) -> forget(request));
    return request.result;
  }

  /**
   * Computes a request together with those of other callers, and waits for the result; virtual
   * threads are made for that. A caller that is interrupted takes its request back.
   *
   * @throws InterruptedException if the caller is interrupted while it waits
   * @throws TimeoutException if there was no result within the options' deadline
   * @throws RejectedExecutionException if as many requests wait as may
   * @throws IllegalStateException if the batcher is closed
   */
  public R apply(T input) throws InterruptedException, TimeoutException {
    CompletableFuture<R> result = submit(input);
    try {
      return result.get();
    } catch (InterruptedException interruption) {
      result.cancel(false);
      throw interruption;
    } catch (ExecutionException failure) {
      switch (failure.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case TimeoutException cause -> throw cause;
        default -> throw new IllegalStateException(failure.getCause());
      }
    }
  }

  private static void requirePositive(Duration deadline) {
    if (!deadline.isPositive()) {
      throw new IllegalArgumentException("a deadline must be positive, not " + deadline);
    }
  }

  private static IllegalStateException closed() {
    return new IllegalStateException("the request batcher is closed");
  }

  private void expire(Request<T, R> request, Duration deadline) {
    Future<?> timer =
        ForkJoinPool.commonPool()
            .schedule(
                () ->
                    request.result.completeExceptionally(
                        new TimeoutException("the request had no result after " + deadline)),
                deadline.toNanos(),
                TimeUnit.NANOSECONDS);
    var _ = request.result.whenComplete((result, failure) -> timer.cancel(false));
  }

  private void forget(Request<T, R> request) {
    synchronized (lock) {
      if (waiting.remove(request)) {
        waitingLength -= request.length;
      }
    }
  }

  private void run() {
    try {
      for (List<Request<T, R>> batch = nextBatch(); !batch.isEmpty(); batch = nextBatch()) {
        serve(batch);
      }
    } catch (InterruptedException unexpected) {
      Thread.currentThread().interrupt();
      refuseAll();
    }
  }

  /** Waits for requests; none once the batcher is closed and all are served. */
  private List<Request<T, R>> nextBatch() throws InterruptedException {
    synchronized (lock) {
      do {
        while (waiting.isEmpty() && !closed) {
          lock.wait();
        }
        long end = System.nanoTime() + options.latency().toNanos();
        long left = options.latency().toNanos();
        while (!closed && waitingLength < options.budget() && left > 0) {
          TimeUnit.NANOSECONDS.timedWait(lock, left);
          left = end - System.nanoTime();
        }
        // Those that waited may have been cancelled meanwhile.
      } while (waiting.isEmpty() && !closed);
      return takeBatch();
    }
  }

  private List<Request<T, R>> takeBatch() {
    List<Request<T, R>> batch = new ArrayList<>();
    long batchLength = 0;
    Iterator<Request<T, R>> oldest = waiting.iterator();
    while (oldest.hasNext()) {
      Request<T, R> request = oldest.next();
      if (!batch.isEmpty() && batchLength + request.length > options.budget()) {
        break;
      }
      oldest.remove();
      batchLength += request.length;
      batch.add(request);
    }
    waitingLength -= batchLength;
    return batch;
  }

  /** The event is left alone until somebody asks for a recorder, as its class makes one ready. */
  private void serve(List<Request<T, R>> batch) {
    if (FlightRecorder.isInitialized()) {
      computeRecorded(batch);
    } else {
      compute(batch);
    }
  }

  private void computeRecorded(List<Request<T, R>> batch) {
    RequestBatchEvent event = new RequestBatchEvent();
    long begin = System.nanoTime();
    event.begin();
    compute(batch);
    event.end();
    if (event.shouldCommit()) {
      event.requests = batch.size();
      event.length = batch.stream().mapToLong(request -> request.length).sum();
      event.longestWait = begin - batch.getFirst().arrival;
      synchronized (lock) {
        event.waiting = waiting.size();
      }
      event.commit();
    }
  }

  private void compute(List<Request<T, R>> batch) {
    try {
      List<R> results = compute.apply(batch.stream().map(request -> request.input).toList());
      if (results.size() != batch.size()) {
        throw new IllegalStateException(
            results.size() + " results came for a batch of " + batch.size() + " requests");
      }
      for (int i = 0; i < batch.size(); i++) {
        batch.get(i).result.complete(results.get(i));
      }
    } catch (RuntimeException failure) {
      if (batch.size() == 1) {
        batch.getFirst().result.completeExceptionally(failure);
      } else {
        batch.forEach(request -> compute(List.of(request)));
      }
    } catch (Error failure) {
      batch.forEach(request -> request.result.completeExceptionally(failure));
    }
  }

  private void refuseAll() {
    List<Request<T, R>> refused;
    synchronized (lock) {
      closed = true;
      refused = List.copyOf(waiting);
    }
    refused.forEach(request -> request.result.completeExceptionally(closed()));
  }

  /** Serves the requests that wait, and takes no others. Closing twice is harmless. */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
    boolean interrupted = false;
    while (worker.isAlive()) {
      try {
        worker.join();
      } catch (InterruptedException later) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
