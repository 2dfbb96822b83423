// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.tokenizer.Encoding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Computes many requests in batches of bounded size and gives the results in the caller's order.
 *
 * <p>Requests are sorted by length, so that a batch holds requests of like length, and packed
 * without padding until the next one would exceed the token budget. The longest batch comes first:
 * where memory does not suffice, that shows at once.
 *
 * @param tokenBudget most tokens of a batch; a request that is longer by itself is a batch by
 *     itself
 * @param readAhead most requests that a stream reads before it computes them; sorting needs some,
 *     memory grows with them
 */
public record Batching(int tokenBudget, int readAhead) {
  /** 4096 tokens a batch, 1024 requests read ahead. */
  public static final Batching DEFAULT = new Batching(4096, 1024);

  /**
   * A stream computes what it has read once it holds so many times the token budget, however few
   * requests that is: long texts are not to fill the memory.
   */
  private static final int BATCHES_AHEAD = 32;

  /** Checks the numbers. */
  public Batching {
    if (tokenBudget < 1 || readAhead < 1) {
      throw new IllegalArgumentException(
          "tokenBudget and readAhead must be at least 1, not " + tokenBudget + " and " + readAhead);
    }
  }

  /** This with another token budget. */
  public Batching withTokenBudget(int tokens) {
    return new Batching(tokens, readAhead);
  }

  /** This with another read-ahead. */
  public Batching withReadAhead(int requests) {
    return new Batching(tokenBudget, requests);
  }

  /**
   * Computes a list of requests.
   *
   * @param length tokens of a request
   * @param compute gives as many results as it gets requests, in their order
   * @return the results in the order of the requests
   */
  public <T, R> List<R> apply(
      List<T> requests, ToIntFunction<? super T> length, Function<List<T>, List<R>> compute) {
    if (requests.isEmpty()) {
      return List.of();
    }
    int[] lengths = requests.stream().mapToInt(length).toArray();
    int[] order = longestFirst(lengths);
    List<R> results = new ArrayList<>(Collections.nCopies(requests.size(), null));
    for (int from = 0; from < order.length; ) {
      int to = endOfBatch(lengths, order, from);
      List<T> batch = new ArrayList<>(to - from);
      for (int i = from; i < to; i++) {
        batch.add(requests.get(order[i]));
      }
      List<R> computed = compute.apply(batch);
      if (computed.size() != batch.size()) {
        throw new IllegalStateException(
            computed.size() + " results came for a batch of " + batch.size() + " requests");
      }
      for (int i = from; i < to; i++) {
        results.set(order[i], computed.get(i - from));
      }
      from = to;
    }
    return Collections.unmodifiableList(results);
  }

  /** Indices by falling length; of equal lengths the earlier request comes first. */
  private static int[] longestFirst(int[] lengths) {
    long[] keys = new long[lengths.length];
    for (int i = 0; i < lengths.length; i++) {
      keys[i] = ((long) -lengths[i] << 32) | i;
    }
    Arrays.sort(keys);
    int[] order = new int[lengths.length];
    for (int i = 0; i < order.length; i++) {
      order[i] = (int) keys[i];
    }
    return order;
  }

  private int endOfBatch(int[] lengths, int[] order, int from) {
    long tokens = lengths[order[from]];
    int to = from + 1;
    while (to < order.length && tokens + lengths[order[to]] <= tokenBudget) {
      tokens += lengths[order[to++]];
    }
    return to;
  }

  /**
   * Computes requests as they are read, in bounded memory. The stream is sequential and lazy: it
   * reads ahead, computes, and hands out in order; closing it closes {@code requests}.
   *
   * @param length tokens of a request
   * @param compute gives as many results as it gets requests, in their order
   */
  public <T, R> Stream<R> stream(
      Stream<T> requests, ToIntFunction<? super T> length, Function<List<T>, List<R>> compute) {
    Iterator<T> source = requests.sequential().iterator();
    Iterator<R> results =
        new Iterator<>() {
          private Iterator<R> ready = Collections.emptyIterator();

          @Override
          public boolean hasNext() {
            if (!ready.hasNext() && source.hasNext()) {
              ready = Batching.this.apply(nextRequests(source, length), length, compute).iterator();
            }
            return ready.hasNext();
          }

          @Override
          public R next() {
            if (!hasNext()) {
              throw new NoSuchElementException();
            }
            return ready.next();
          }
        };
    return StreamSupport.stream(
            Spliterators.spliteratorUnknownSize(results, Spliterator.ORDERED), false)
        .onClose(requests::close);
  }

  private <T> List<T> nextRequests(Iterator<T> source, ToIntFunction<? super T> length) {
    List<T> requests = new ArrayList<>();
    long tokens = 0;
    while (requests.size() < readAhead
        && tokens < (long) BATCHES_AHEAD * tokenBudget
        && source.hasNext()) {
      T request = source.next();
      tokens += length.applyAsInt(request);
      requests.add(request);
    }
    return requests;
  }

  /**
   * Computes requests of one or more windows each; windows of different requests share batches.
   *
   * @return the windows' results, a list a request
   */
  <R> List<List<R>> applyWindows(
      List<List<Encoding>> requests, Function<List<Encoding>, List<R>> compute) {
    List<Encoding> all = requests.stream().flatMap(List::stream).toList();
    List<R> computed = apply(all, Encoding::size, compute);
    List<List<R>> results = new ArrayList<>(requests.size());
    int from = 0;
    for (List<Encoding> windows : requests) {
      results.add(computed.subList(from, from + windows.size()));
      from += windows.size();
    }
    return results;
  }
}
