package io.github.megabert.spark;

import io.github.megabert.MegaBert;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The open models of this process: tasks that run in it at the same time, and one after the other,
 * share one. A model that nobody has used for a minute is closed.
 */
final class SharedModels {
  private static final long IDLE_SECONDS = 60;

  /** Those of the whole process, which has many class loaders' worth of tasks but one memory. */
  static final SharedModels OF_PROCESS = new SharedModels(IDLE_SECONDS);

  private final Map<ModelSource, Entry> entries = new HashMap<>();
  private final long idleSeconds;
  private final ScheduledExecutorService closing =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("megabert-idle-models").factory());

  SharedModels(long idleSeconds) {
    this.idleSeconds = idleSeconds;
  }

  /** A model and who uses it. */
  private static final class Entry {
    final MegaBert model;
    int users;
    long uses;

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
    entry.uses++;
    return new Lease(this, source, entry.model);
  }

  private synchronized void release(ModelSource source) {
    Entry entry = entries.get(source);
    if (--entry.users == 0) {
      long uses = entry.uses;
      var _ = closing.schedule(() -> close(source, uses), idleSeconds, TimeUnit.SECONDS);
    }
  }

  /** Closes a model unless it has been used meanwhile. */
  private synchronized void close(ModelSource source, long uses) {
    Entry entry = entries.get(source);
    if (entry != null && entry.users == 0 && entry.uses == uses) {
      entries.remove(source);
      entry.model.close();
    }
  }

  /** How many models are open. */
  synchronized int size() {
    return entries.size();
  }
}
