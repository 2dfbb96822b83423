// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Pulls that were cut, killed or interrupted, and go on from what is there. */
class ResumedPullTest extends PullTestBed {
  @Test
  void aCutConnectionIsGoneOnFrom() throws IOException {
    server.fault(
        (exchange, path, isAtHub) -> {
          int call = isAtHub ? 9 : calls.getAndIncrement();
          if (call < 6) {
            HubServer.cut(exchange, weights, 10_000 * call, 10_000);
          }
          return call < 6;
        });
    // More often than attempts may fail without anything new.
    assertTrue(6 > HubTest.QUICK.attempts());
    succeeds();
    assertEquals(7, ranges().size());
    assertEquals("", ranges().getFirst());
    assertTrue(ranges().getLast().matches("bytes=[1-9][0-9]*-"), ranges().toString());
  }

  @Test
  void aLaterPullGoesOnFromWhatIsThere() throws IOException {
    Files.createDirectories(blobs());
    Files.write(partial(), Arrays.copyOf(weights, 60_000));
    succeeds();
    assertEquals(List.of("bytes=60000-"), ranges());
  }

  @Test
  void whatIsThereMayBeWrong() throws IOException {
    Files.createDirectories(blobs());
    Files.write(partial(), new byte[60_000]);
    succeeds();
    assertEquals(List.of("bytes=60000-", ""), ranges());
  }

  @Test
  void whatIsThereMayBeTooMuch() throws IOException {
    Files.createDirectories(blobs());
    Files.write(partial(), new byte[weights.length + 1]);
    succeeds();
    assertEquals(List.of(""), ranges());
  }

  @Test
  void whatIsThereMayBeAll() throws IOException {
    Files.createDirectories(blobs());
    Files.write(partial(), weights);
    succeeds();
    assertEquals(List.of(), ranges());
  }

  @Test
  void aHubMayNotKnowRanges() throws IOException {
    Files.createDirectories(blobs());
    Files.write(partial(), Arrays.copyOf(weights, 60_000));
    server.fault(
        (exchange, path, isAtHub) -> {
          if (!isAtHub) {
            HubServer.send(exchange, 200, weights);
          }
          return !isAtHub;
        });
    succeeds();
  }

  @Test
  void aHubMayRefuseARangeOrAnswerWithAnother() throws IOException {
    for (int status : new int[] {416, 206}) {
      calls.set(0);
      server.forget();
      delete();
      Files.createDirectories(blobs());
      Files.write(partial(), Arrays.copyOf(weights, 60_000));
      server.fault(
          (exchange, path, isAtHub) -> {
            boolean first = !isAtHub && calls.getAndIncrement() == 0;
            if (first) {
              exchange.getResponseHeaders().set("Content-Range", "bytes 5-99999/100000");
              HubServer.send(exchange, status, status == 416 ? new byte[0] : new byte[99_995]);
            }
            return first;
          });
      succeeds();
      assertEquals(List.of("bytes=60000-", ""), ranges());
    }
  }

  private void delete() throws IOException {
    Path hub = folder.resolve("hub");
    if (Files.exists(hub)) {
      try (Stream<Path> all = Files.walk(hub)) {
        for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  @Test
  void anInterruptedPullEndsAndAnotherGoesOn() throws Exception {
    CountDownLatch reached = new CountDownLatch(1);
    server.fault(
        (exchange, path, isAtHub) -> {
          if (isAtHub || calls.getAndIncrement() > 0) {
            return false;
          }
          HubServer.cut(exchange, weights, 0, 50_000);
          reached.countDown();
          sleep(5_000);
          return true;
        });
    AtomicReference<Object> outcome = new AtomicReference<>("none");
    Thread pull =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    outcome.set(hub().pull(HubTest.MODEL));
                  } catch (IOException e) {
                    outcome.set(Thread.currentThread().isInterrupted() ? e : "not interrupted");
                  }
                });
    reached.await();
    pull.interrupt();
    pull.join();
    assertInstanceOf(InterruptedIOException.class, outcome.get());
    succeeds();
    assertEquals(2, ranges().size());
  }
}
