// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.testing.RandomInput;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BatchingTest {
  @Test
  void resultsKeepTheOrderAndBatchesTheBudget() {
    RandomInput.check(200, BatchingTest::checkOrderAndBudget);
  }

  private static void checkOrderAndBudget(RandomInput input) {
    List<Integer> lengths = input.list(60, () -> input.between(0, 40));
    int budget = input.between(1, 50);
    List<List<Integer>> batches = new ArrayList<>();
    List<Integer> requests = IntStream.range(0, lengths.size()).boxed().toList();
    List<String> results =
        new Batching(budget, 1)
            .apply(
                requests,
                lengths::get,
                batch -> {
                  batches.add(batch);
                  return batch.stream().map(request -> "result " + request).toList();
                });
    assertEquals(requests.stream().map(request -> "result " + request).toList(), results);
    for (List<Integer> batch : batches) {
      int tokens = batch.stream().mapToInt(lengths::get).sum();
      assertTrue(batch.size() == 1 || tokens <= budget, () -> tokens + " tokens in " + batch);
    }
    List<Integer> computed = batches.stream().flatMap(List::stream).map(lengths::get).toList();
    assertEquals(lengths.stream().sorted((a, b) -> b - a).toList(), computed);
  }

  @Test
  void streamsKeepTheOrder() {
    RandomInput.check(100, BatchingTest::checkOrderOfStream);
  }

  private static void checkOrderOfStream(RandomInput input) {
    List<Integer> lengths = input.list(60, () -> input.between(0, 40));
    int readAhead = input.between(1, 20);
    int budget = input.between(1, 50);
    List<Integer> requests = IntStream.range(0, lengths.size()).boxed().toList();
    List<Integer> results =
        new Batching(budget, readAhead)
            .stream(
                    requests.stream(),
                    lengths::get,
                    batch -> batch.stream().map(request -> -request).toList())
                .toList();
    assertEquals(requests.stream().map(request -> -request).toList(), results);
  }

  @Test
  void aMillionRequestsAreReadOnlyAsFarAsNeeded() {
    AtomicInteger read = new AtomicInteger();
    AtomicInteger ahead = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();
    Stream<Integer> million = IntStream.range(0, 1_000_000).boxed().peek(i -> read.set(i + 1));
    new Batching(1000, 500)
        .<Integer, Integer>stream(million, request -> 10, batch -> batch)
            .forEach(
                result -> {
                  assertEquals(done.getAndIncrement(), result);
                  ahead.accumulateAndGet(read.get() - done.get(), Math::max);
                });
    assertEquals(1_000_000, done.get());
    assertTrue(ahead.get() <= 500, ahead + " requests were held at once");
  }

  @Test
  void longRequestsBoundWhatIsReadAhead() {
    AtomicInteger read = new AtomicInteger();
    Stream<Integer> texts = Stream.iterate(0, i -> i + 1).peek(i -> read.set(i + 1));
    new Batching(100, 1_000_000)
        .<Integer, Integer>stream(texts, request -> 1000, batch -> batch).iterator().next();
    assertTrue(read.get() <= 4, read + " requests of 1000 tokens were read");
  }

  @Test
  void closingAStreamClosesItsSource() {
    AtomicBoolean closed = new AtomicBoolean();
    Stream<Integer> source = Stream.of(1, 2).onClose(() -> closed.set(true));
    Batching.DEFAULT.<Integer, Integer>stream(source, i -> 1, batch -> batch).close();
    assertTrue(closed.get());
  }

  @Test
  void missingResultsAreNoticed() {
    assertThrows(
        IllegalStateException.class,
        () -> Batching.DEFAULT.apply(List.of(1, 2), i -> 1, batch -> List.of(0)));
    assertThrows(IllegalArgumentException.class, () -> new Batching(0, 1));
  }
}
