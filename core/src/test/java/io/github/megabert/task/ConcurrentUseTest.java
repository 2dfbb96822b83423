// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TextClassification.Options;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One open model, many threads. */
class ConcurrentUseTest {
  private static final List<String> TEXTS =
      List.of(
          "Angela Merkel visited Paris in 2015.",
          "no",
          "The hotel was wonderful, but the food wasn't good at all!",
          "New York City, New York City, New York City, New York City, New York City");

  @ParameterizedTest
  @MethodSource("io.github.megabert.task.PipelineFixtures#backends")
  void eightThreadsGetIdenticalResults(String backend) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      assertIdenticalResults(backend, threads, 40);
    }
  }

  @ParameterizedTest
  @MethodSource("io.github.megabert.task.PipelineFixtures#backends")
  void manyVirtualThreadsGetIdenticalResults(String backend) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertIdenticalResults(backend, threads, 200);
    }
  }

  private static void assertIdenticalResults(String backend, ExecutorService threads, int requests)
      throws Exception {
    try (MegaBert bert = PipelineFixtures.open("text_classification", backend)) {
      TextClassification classifier = bert.textClassification();
      Options options = Options.DEFAULT.withTopK(Options.ALL);
      List<TextClassification.Classification> alone =
          TEXTS.stream().map(text -> classifier.apply(text, options)).toList();
      List<Future<TextClassification.Classification>> results = new ArrayList<>();
      for (int i = 0; i < requests; i++) {
        String text = TEXTS.get(i % TEXTS.size());
        results.add(threads.submit(() -> bert.textClassification().apply(text, options)));
      }
      for (int i = 0; i < requests; i++) {
        assertEquals(alone.get(i % TEXTS.size()), results.get(i).get());
      }
    }
  }

  @Test
  void aRequestBatcherGivesWhatEachTextGivesAlone() throws Exception {
    try (MegaBert bert = PipelineFixtures.open("text_classification", "vector")) {
      TextClassification classifier = bert.textClassification();
      try (var batcher =
              RequestBatcher.of(
                  classifier,
                  Options.DEFAULT,
                  RequestBatcher.Options.DEFAULT
                      .withBudget(250)
                      .withDeadline(RequestBatcher.Options.NO_DEADLINE));
          ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Future<TextClassification.Classification>> results = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
          String text = i == 50 ? "too long ".repeat(50) : TEXTS.get(i % TEXTS.size());
          results.add(threads.submit(() -> batcher.apply(text)));
        }
        for (int i = 0; i < results.size(); i++) {
          if (i == 50) {
            assertThrows(Exception.class, results.get(50)::get);
            continue;
          }
          LabelScore expected = classifier.apply(TEXTS.get(i % TEXTS.size())).best();
          assertEquals(expected.label(), results.get(i).get().best().label());
          assertEquals(expected.score(), results.get(i).get().best().score(), 1e-6);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("io.github.megabert.task.PipelineFixtures#backends")
  void useAfterCloseIsOneClearError(String backend) throws Exception {
    MegaBert bert = PipelineFixtures.open("text_classification", backend);
    TextClassification classifier = bert.textClassification();
    bert.close();
    bert.close();
    Exception direct = assertThrows(IllegalStateException.class, bert::textClassification);
    assertTrue(direct.getMessage().endsWith("is closed"), direct.getMessage());
    Exception later = assertThrows(IllegalStateException.class, () -> classifier.apply("text"));
    assertTrue(later.getMessage().endsWith("is closed"), later.getMessage());
  }

  @ParameterizedTest
  @MethodSource("io.github.megabert.task.PipelineFixtures#backends")
  void closingDuringCallsEndsThemWithAnError(String backend) throws Exception {
    for (int round = 0; round < 10; round++) {
      MegaBert bert = PipelineFixtures.open("text_classification", backend);
      TextClassification classifier = bert.textClassification();
      List<Future<?>> callers = new ArrayList<>();
      try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
        for (int t = 0; t < 6; t++) {
          callers.add(
              threads.submit(
                  () -> {
                    while (true) {
                      classifier.applyAll(TEXTS, Options.DEFAULT);
                    }
                  }));
        }
        Thread.sleep(5L * round);
        bert.close();
        for (Future<?> caller : callers) {
          ExecutionException ended = assertThrows(ExecutionException.class, caller::get);
          assertEquals(IllegalStateException.class, ended.getCause().getClass());
          assertTrue(ended.getCause().getMessage().endsWith("is closed"), ended.toString());
        }
      }
    }
  }
}
