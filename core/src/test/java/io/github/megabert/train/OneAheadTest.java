// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

final class OneAheadTest {
  @Test
  void theNextIsMadeWhileOneIsUsed() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(2);
    try (OneAhead<Thread> made =
        new OneAhead<>(
            number -> {
              begun.countDown();
              return Thread.currentThread();
            },
            5)) {
      assertNotSame(Thread.currentThread(), made.get(3));
      begun.await();
    }
  }

  @Test
  void eachIsMadeOnceInOrderAndNoneBehindTheEnd() {
    List<Integer> numbers = new CopyOnWriteArrayList<>();
    try (OneAhead<Integer> made =
        new OneAhead<>(
            number -> {
              numbers.add(number);
              return 10 * number;
            },
            5)) {
      for (int number = 2; number < 5; number++) {
        assertEquals(10 * number, made.get(number));
      }
    }
    assertEquals(List.of(2, 3, 4), numbers);
  }

  @Test
  void aFailureIsThrownWhereItsOwnIsAskedFor() {
    try (OneAhead<Integer> made =
        new OneAhead<>(
            number -> {
              if (number == 1) {
                throw new TrainingException("the text of step 1");
              }
              return number;
            },
            3)) {
      assertEquals(0, made.get(0));
      assertEquals(
          "the text of step 1",
          assertThrows(TrainingException.class, () -> made.get(1)).getMessage());
    }
  }

  @Test
  void anInterruptedThreadStaysSo() {
    try (OneAhead<Integer> made = new OneAhead<>(number -> number, 3)) {
      Thread.currentThread().interrupt();
      assertEquals(0, made.get(0));
      assertTrue(Thread.interrupted());
    }
  }
}
