// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import io.github.megabert.MegaBert;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Open models: tasks that run at the same time, and one after the other, share one if their {@link
 * ModelSource}s are equal, so the place, the threads and the tokens of a batch. A model that nobody
 * has used for a minute is closed.
 */
final class SharedModels {
  private static final long IDLE_SECONDS = 60;

  /** Those of the class loader of this class, which the tasks of an application have in common. */
  static final SharedModels OF_PROCESS = new SharedModels(IDLE_SECONDS);

  private final Map<ModelSource, Entry> entries = new HashMap<>();
  private final long idleNanos;
  private final ScheduledExecutorService closing =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("megabert-idle-models").factory());

  SharedModels(long idleSeconds) {
    idleNanos = TimeUnit.SECONDS.toNanos(idleSeconds);
  }

  /** A model and who uses it. */
  private static final class Entry {
    final MegaBert model;
    int users;

    /** When its last user left, where there is none. */
    long idleSince;

    /** Whether somebody will look whether it is idle. */
    boolean isWatched;

    Entry(MegaBert model) {
      this.model = model;
    }
  }

  /** The use of a model, until it is closed; closing it twice is harmless. */
  static final class Lease implements AutoCloseable {
    private final SharedModels models;
    private final ModelSource source;
    private final MegaBert model;
    private boolean closed;

    private Lease(SharedModels models, ModelSource source, MegaBert model) {
      this.models = models;
      this.source = source;
      this.model = model;
    }

    MegaBert model() {
      return model;
    }

    @Override
    public synchronized void close() {
      if (!closed) {
        closed = true;
        models.release(source);
      }
    }
  }

  /** The model of a source, which is opened if it is not open yet. */
  synchronized Lease acquire(ModelSource source) {
    Entry entry = entries.get(source);
    if (entry == null) {
      entry = new Entry(source.open());
      entries.put(source, entry);
    }
    entry.users++;
    return new Lease(this, source, entry.model);
  }

  private synchronized void release(ModelSource source) {
    Entry entry = entries.get(source);
    if (--entry.users == 0) {
      entry.idleSince = System.nanoTime();
      if (!entry.isWatched) {
        watch(source, entry, idleNanos);
      }
    }
  }

  private void watch(ModelSource source, Entry entry, long nanos) {
    entry.isWatched = true;
    var _ = closing.schedule(() -> closeIfIdle(source, entry), nanos, TimeUnit.NANOSECONDS);
  }

  /** Closes a model that has been idle for long enough, or looks again when it may have been. */
  private synchronized void closeIfIdle(ModelSource source, Entry entry) {
    entry.isWatched = false;
    if (entry.users > 0) {
      return;
    }
    long left = idleNanos - (System.nanoTime() - entry.idleSince);
    if (left > 0) {
      watch(source, entry, left);
    } else {
      entries.remove(source);
      entry.model.close();
    }
  }

  /** How many models are open. */
  synchronized int size() {
    return entries.size();
  }
}
