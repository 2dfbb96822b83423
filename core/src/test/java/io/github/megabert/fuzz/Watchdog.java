// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.fuzz;

import io.github.megabert.checkpoint.ThreadCost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads inputs on a thread of its own and says what is wrong with how that went: the exception, the
 * processor time, the memory. A thread that does not come back is left behind. Time is that of the
 * processor, so that a busy machine finds nothing.
 */
final class Watchdog {
  private static final long POLL_MILLIS = 100;

  /** Limits of one input. The intact ones take a tenth of a second and 20 MB. */
  private final double mostSeconds;

  private final long mostMegabytes;

  Watchdog(double mostSeconds, long mostMegabytes) {
    this.mostSeconds = mostSeconds;
    this.mostMegabytes = mostMegabytes;
  }

  /** Reads one input; null, or what is wrong. */
  @Nullable String read(FuzzTarget target, Path folder, byte[] input) throws InterruptedException {
    Attempt attempt = new Attempt(target, folder, input);
    long before = residentMegabytes();
    Thread thread = Thread.ofPlatform().daemon().name("fuzz-" + target.name()).start(attempt);
    while (!attempt.done.await(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
      if (ThreadCost.of(thread).seconds() > mostSeconds || waits(attempt)) {
        return "no end after "
            + mostSeconds
            + " s of processor time at "
            + Arrays.stream(thread.getStackTrace())
                .filter(frame -> frame.getClassName().startsWith("io.github.megabert"))
                .findFirst()
                .map(StackTraceElement::toString)
                .orElse("an unknown place");
      }
      if (residentMegabytes() - before > mostMegabytes) {
        return "more than " + mostMegabytes + " MB of memory";
      }
    }
    if (attempt.cost.seconds() > mostSeconds) {
      return "more than " + mostSeconds + " s of processor time";
    }
    if (attempt.cost.megabytes() > mostMegabytes) {
      return "more than " + mostMegabytes + " MB of objects";
    }
    return Verdict.of(attempt.thrown);
  }

  /** A minute without an end, whatever the processor did: a pipe, a lock. */
  private static boolean waits(Attempt attempt) {
    return System.nanoTime() - attempt.started > TimeUnit.MINUTES.toNanos(1);
  }

  /** Memory of the process, mapped files that were touched included; 0 where it is not told. */
  private static long residentMegabytes() {
    try {
      List<String> pages = List.of(Files.readString(Path.of("/proc/self/statm")).split(" ", 3));
      return (Long.parseLong(pages.get(1)) * 4096) >> 20;
    } catch (IOException | RuntimeException notLinux) {
      return 0;
    }
  }

  /** One input being read. */
  private static final class Attempt implements Runnable {
    private final FuzzTarget target;
    private final Path folder;
    private final byte[] input;
    private final CountDownLatch done = new CountDownLatch(1);
    private final long started = System.nanoTime();
    private volatile @Nullable Throwable thrown;
    private volatile ThreadCost cost = new ThreadCost(0, 0);

    Attempt(FuzzTarget target, Path folder, byte[] input) {
      this.target = target;
      this.folder = folder;
      this.input = input;
    }

    @Override
    public void run() {
      try {
        target.read(folder, input);
      } catch (Throwable any) {
        thrown = any;
      }
      cost = ThreadCost.now();
      done.countDown();
    }
  }
}
