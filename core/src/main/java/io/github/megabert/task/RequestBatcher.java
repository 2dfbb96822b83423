package io.github.megabert.task;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/**
 * Groups the requests of concurrent callers into batches: a model computes ten texts together
 * faster than one after the other.
 *
 * <p>A caller blocks until its own result is there; virtual threads are made for that. The first
 * request of a batch waits for others until the latency bound has passed or the token budget is
 * used up. A request that arrives while a batch is computed waits for the next one.
 *
 * <pre>{@code
 * TextEmbedding embedding = bert.textEmbedding();
 * try (var batcher = new RequestBatcher<String, TextEmbedding.Embedding>(
 *     texts -> embedding.applyAll(texts, TextEmbedding.Options.DEFAULT),
 *     String::length,
 *     new RequestBatcher.Options(Duration.ofMillis(5), 16_384))) {
 *   // in any number of threads:
 *   float[] vector = batcher.apply("a text").vector();
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

  private final ArrayDeque<Request<T, R>> waiting = new ArrayDeque<>();
  private long waitingLength;
  private boolean closed;

  /**
   * How long to wait, and for how much.
   *
   * @param latency how long the first request of a batch waits for others; zero takes those that
   *     are there already
   * @param budget the length, all requests together, at which a batch is full; a longer request is
   *     a batch by itself
   */
  public record Options(Duration latency, int budget) {
    /** Checks. */
    public Options {
      if (latency.isNegative() || budget < 1) {
        throw new IllegalArgumentException(
            "latency must not be negative and budget at least 1, not "
                + latency
                + " and "
                + budget);
      }
    }
  }

  /** A caller's request, and what became of it. */
  private static final class Request<T, R> {
    private final T input;
    private final int length;
    private final CountDownLatch done = new CountDownLatch(1);
    private Supplier<R> outcome =
        () -> {
          throw new IllegalStateException("not computed yet");
        };

    Request(T input, int length) {
      this.input = input;
      this.length = length;
    }

    void finish(Supplier<R> how) {
      outcome = how;
      done.countDown();
    }
  }

  /**
   * Starts a batcher.
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

  /**
   * Computes a request together with those of other callers.
   *
   * @throws IllegalStateException if the batcher is closed
   * @throws InterruptedException if the caller is interrupted while it waits; the request may be
   *     computed all the same
   */
  public R apply(T input) throws InterruptedException {
    Request<T, R> request = new Request<>(input, length.applyAsInt(input));
    synchronized (lock) {
      if (closed) {
        throw new IllegalStateException("the request batcher is closed");
      }
      waiting.add(request);
      waitingLength += request.length;
      lock.notifyAll();
    }
    request.done.await();
    return request.outcome.get();
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
      while (waiting.isEmpty() && !closed) {
        lock.wait();
      }
      long deadline = System.nanoTime() + options.latency().toNanos();
      long left = options.latency().toNanos();
      while (!closed && waitingLength < options.budget() && left > 0) {
        TimeUnit.NANOSECONDS.timedWait(lock, left);
        left = deadline - System.nanoTime();
      }
      List<Request<T, R>> batch = new ArrayList<>();
      long batchLength = 0;
      while (!waiting.isEmpty()
          && (batch.isEmpty() || batchLength + waiting.element().length <= options.budget())) {
        Request<T, R> request = waiting.remove();
        batchLength += request.length;
        batch.add(request);
      }
      waitingLength -= batchLength;
      return batch;
    }
  }

  private void serve(List<Request<T, R>> batch) {
    try {
      List<R> results = compute.apply(batch.stream().map(request -> request.input).toList());
      if (results.size() != batch.size()) {
        throw new IllegalStateException(
            results.size() + " results came for a batch of " + batch.size() + " requests");
      }
      for (int i = 0; i < batch.size(); i++) {
        R result = results.get(i);
        batch.get(i).finish(() -> result);
      }
    } catch (RuntimeException failure) {
      if (batch.size() == 1) {
        batch.getFirst().finish(() -> rethrow(failure));
      } else {
        batch.forEach(request -> serve(List.of(request)));
      }
    } catch (Error failure) {
      batch.forEach(request -> request.finish(() -> rethrow(failure)));
    }
  }

  private R rethrow(RuntimeException failure) {
    throw failure;
  }

  private R rethrow(Error failure) {
    throw failure;
  }

  private void refuseAll() {
    synchronized (lock) {
      closed = true;
      waiting.forEach(
          request ->
              request.finish(
                  () -> rethrow(new IllegalStateException("the request batcher is closed"))));
      waiting.clear();
    }
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
