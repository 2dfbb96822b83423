// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.cli.option.TextArguments;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kernels of a model are compiled beside its work once a pipe turns out to be long. */
class LongPipeTest {
  /** How often the warm-up began, and how many texts had been answered when it did. */
  private record Begun(int times, int answered, int texts) {}

  private static Begun answer(TextArguments arguments, String input, int together)
      throws IOException {
    AtomicInteger times = new AtomicInteger();
    AtomicInteger at = new AtomicInteger(-1);
    AtomicInteger answered = new AtomicInteger();
    InputStream old = System.in;
    try {
      System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
      arguments.whenLong(
          () -> {
            times.incrementAndGet();
            at.set(answered.get());
            return new CompletableFuture<>();
          });
      arguments.answer(
          together,
          texts -> texts,
          new TextArguments.Results<String>() {
            @Override
            public void answer(String where, String result) {
              answered.incrementAndGet();
            }

            @Override
            public void nothing(String refusal) {
              answered.incrementAndGet();
            }
          });
    } finally {
      System.setIn(old);
    }
    return new Begun(times.get(), at.get(), answered.get());
  }

  @ParameterizedTest
  @CsvSource({"1, 0, -1", "199, 0, -1", "200, 1, 0", "5000, 1, 0"})
  void aPipeOfTwoHundredLinesBeginsItBeforeTheFirstAnswer(int lines, int times, int answered)
      throws IOException {
    Begun begun = answer(new TextArguments(), "a text\n".repeat(lines), Integer.MAX_VALUE);
    assertEquals(new Begun(times, answered, lines), begun);
  }

  @Test
  void smallBatchesBeginItWhenSoManyLinesHaveCome() throws IOException {
    // Line 200 is in the thirteenth batch of sixteen.
    assertEquals(new Begun(1, 192, 400), answer(new TextArguments(), "a text\n".repeat(400), 16));
  }

  @Test
  void argumentsAreNoPipe() throws IOException {
    TextArguments arguments = new TextArguments();
    arguments.texts = List.of("a", "b");
    assertEquals(new Begun(0, -1, 2), answer(arguments, "a text\n".repeat(400), 16));
  }
}
