// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.warmup;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Gets the vector forms of kernels compiled while the plain ones serve. A thread of its own runs
 * each kernel that has been asked for, on small operands, until a call is as fast as only compiled
 * code can be. It ends when no backend is open.
 *
 * <p>It begins only after {@link #PATIENCE}, about a tenth of a second of plain loops: a process
 * that answers one question and ends would pay for compilations that it never uses.
 */
public final class WarmUp {
  /** For all backends: what has been compiled for one is compiled for the next. */
  public static final WarmUp PROCESS = new WarmUp();

  /** Nanoseconds from the first plain kernel to the warm-up. */
  private static final long PATIENCE = 200_000_000;

  /** Calls that certainly get a kernel into the compiler's queue. */
  private static final int CALLS = 700;

  /**
   * Calls of one kernel before it is another's turn. After a branch that compiled code had not seen
   * C2 wants some hundred more, so there are as many in later turns.
   */
  private static final int TURN = 100;

  /**
   * Nanoseconds between turns, at first, once the compiler has all that is wanted in its queue.
   * Each pause is twice as long as the one before until something is fast: a kernel that never
   * becomes so must not keep a core busy.
   */
  private static final long PAUSE = 2_000_000;

  private static final long LONGEST_PAUSE = 100_000_000;

  /** Nanoseconds from an anticipation on in which a first computation waits for it. */
  private static final long LONGEST_WAIT = 3_000_000_000L;

  /** Nanoseconds between two looks while it waits. */
  private static final long LOOK = 500_000;

  /** Fast calls in a row that count as proof. */
  private static final int PROOF = 20;

  /**
   * Nanoseconds of a call that is not fast. Compiled by C2, the largest takes half a microsecond;
   * interpreted, none takes less than 20 µs. The first compiler's version of a kernel on rows may
   * pass: it is no slower than the plain one, and C2's follows.
   */
  private static final long SLOW = 3_000;

  private final AtomicLong begun = new AtomicLong();

  /** Kernels asked for that are not ready; guarded by this. */
  private final Set<Kernel> wanted = new LinkedHashSet<>();

  /** Whether one of them came after the last round; guarded by this. */
  private boolean isNewWanted;

  /** The thread, from its start to its decision to end; written holding this. */
  private volatile @Nullable Thread thread;

  /** Backends that are open; written holding this. */
  private volatile int backends;

  /** What is to be told when its kernels are ready; guarded by this. */
  private final List<Waiting> waiting = new ArrayList<>();

  /** Kernels that the next computation waits for. */
  private volatile List<Kernel> anticipated = List.of();

  private volatile long awaitEnd;

  private record Waiting(Set<Kernel> kernels, CompletableFuture<Void> ready) {}

  WarmUp() {}

  /** A backend was opened. */
  public synchronized void opened() {
    backends++;
    notifyAll();
  }

  /**
   * A backend was closed. After the last one nobody needs kernels: the warm-up ends, and this
   * returns when it has, within a call of a kernel. Another backend may begin it again.
   */
  public void closed() {
    List<Waiting> given = List.of();
    synchronized (this) {
      backends--;
      if (backends == 0) {
        given = List.copyOf(waiting);
        waiting.clear();
      }
    }
    given.forEach(those -> those.ready.cancel(false));
    awaitThread();
  }

  /** Waits until the thread has ended, unless another backend is opened. */
  private synchronized void awaitThread() {
    Thread running = thread;
    LockSupport.unpark(running);
    while (running != null && thread == running && backends == 0) {
      try {
        wait();
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /**
   * Begins at once with some kernels. The future is completed when all are compiled, and cancelled
   * when the last backend is closed before.
   */
  public synchronized CompletableFuture<Void> warm(Collection<Kernel> kernels) {
    want(kernels);
    Set<Kernel> missing = new HashSet<>(kernels);
    missing.removeIf(kernel -> kernel.state() == Kernel.State.READY);
    CompletableFuture<Void> ready = new CompletableFuture<>();
    if (missing.isEmpty()) {
      ready.complete(null);
    } else if (backends == 0) {
      ready.cancel(false);
    } else {
      waiting.add(new Waiting(missing, ready));
      begin();
    }
    return ready;
  }

  /** Begins at once with some kernels, for which nobody waits. */
  public void prepare(Collection<Kernel> kernels) {
    want(kernels);
    begin();
  }

  /** Asks for a kernel; whether it is ready. */
  boolean request(Kernel kernel) {
    if (kernel.state() == Kernel.State.COLD) {
      want(List.of(kernel));
    }
    if (thread == null && isTime()) {
      begin();
    }
    return kernel.state() == Kernel.State.READY;
  }

  /**
   * Begins at once with what a model needs for a first batch of usual size, while its weights are
   * still being packed: one of some hundred millions of parameters is not loaded for a moment.
   */
  public void anticipate(Collection<Kernel> kernels) {
    if (want(kernels)) {
      awaitEnd = System.nanoTime() + LONGEST_WAIT;
      anticipated = List.copyOf(kernels);
      begin();
    }
  }

  /**
   * Waits until what was anticipated is ready, but not for ever: on two processors, plain kernels
   * would take from the compiler what it needs, and the first answer of a large model came half a
   * second later. A thread that has been interrupted does not wait.
   */
  public void awaitAnticipated() {
    List<Kernel> kernels = anticipated;
    if (kernels.isEmpty()) {
      return;
    }
    for (Kernel kernel : kernels) {
      while (kernel.state() != Kernel.State.READY
          && System.nanoTime() - awaitEnd < 0
          && !Thread.currentThread().isInterrupted()) {
        LockSupport.parkNanos(LOOK);
      }
    }
    anticipated = List.of();
  }

  /** Whether any was not asked for before. */
  private synchronized boolean want(Collection<Kernel> kernels) {
    boolean any = false;
    for (Kernel kernel : kernels) {
      if (kernel.state() == Kernel.State.COLD) {
        kernel.become(Kernel.State.WANTED);
        wanted.add(kernel);
        any = true;
      }
    }
    if (any) {
      isNewWanted = true;
      LockSupport.unpark(thread);
    }
    return any;
  }

  private synchronized void begin() {
    if (thread == null && !wanted.isEmpty() && backends > 0) {
      thread = Thread.ofPlatform().daemon().name("megabert-warm-up").start(this::warm);
    }
  }

  private boolean isTime() {
    long now = System.nanoTime();
    long first = begun.get();
    if (first == 0) {
      begun.compareAndSet(0, now | 1);
      return false;
    }
    return now - first > PATIENCE;
  }

  /** The kernels of the next round; if there are none, the thread has ended. */
  private synchronized List<Kernel> round() {
    if (wanted.isEmpty() || backends == 0) {
      end();
      return List.of();
    }
    return List.copyOf(wanted);
  }

  /** A kernel that is new need not wait as long as one that is late. */
  private synchronized boolean takeNew() {
    boolean any = isNewWanted;
    isNewWanted = false;
    return any;
  }

  private synchronized void finish(Kernel kernel) {
    kernel.become(Kernel.State.READY);
    wanted.remove(kernel);
    for (Waiting those : List.copyOf(waiting)) {
      if (those.kernels.remove(kernel) && those.kernels.isEmpty()) {
        waiting.remove(those);
        those.ready.completeAsync(() -> null);
      }
    }
  }

  /**
   * Takes turns at all kernels asked for, so that one whose compilation is late keeps no other
   * waiting; ends when each is fast.
   */
  private void warm() {
    try (Arena arena = Arena.ofShared()) {
      Operands operands = new Operands(arena);
      Map<Kernel, Integer> calls = new HashMap<>();
      long pause = PAUSE;
      for (List<Kernel> round = round(); !round.isEmpty(); round = round()) {
        boolean isWaiting = true;
        pause = takeNew() ? PAUSE : pause;
        for (Kernel kernel : round) {
          int made = calls.getOrDefault(kernel, 0);
          calls.put(kernel, made + TURN);
          if (isFast(kernel, operands, made)) {
            finish(kernel);
            pause = PAUSE;
          }
          isWaiting &= made + TURN >= CALLS;
        }
        if (isWaiting && backends > 0) {
          LockSupport.parkNanos(pause);
          pause = Math.min(2 * pause, LONGEST_PAUSE);
        }
      }
    } finally {
      end();
    }
  }

  /** Another thread may begin, after an error too. */
  private synchronized void end() {
    if (thread == Thread.currentThread()) {
      thread = null;
      notifyAll();
    }
  }

  /** One turn of a kernel: whether enough calls in a row were fast. */
  private boolean isFast(Kernel kernel, Operands operands, int made) {
    int fast = 0;
    for (int call = made; call < made + TURN && fast < PROOF && backends > 0; call++) {
      operands.next(call);
      long start = System.nanoTime();
      kernel.exercise(operands);
      boolean wasFast = System.nanoTime() - start < SLOW;
      fast = wasFast && !operands.isSmall() ? fast + 1 : 0;
    }
    return fast == PROOF;
  }
}
