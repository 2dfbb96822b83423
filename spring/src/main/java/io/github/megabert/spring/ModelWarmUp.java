// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import io.github.megabert.MegaBert;
import io.github.megabert.Task;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;

/**
 * Loads the weights of a model's tasks and lets its kernels be compiled, once all beans are there,
 * so that meters count that too, and before servers listen.
 */
final class ModelWarmUp implements SmartLifecycle {
  /** How far it is. */
  enum State {
    /** It has not begun. */
    COLD,
    /** It is under way. */
    WARMING,
    /** The first answer comes as quickly as later ones, or none is waited for. */
    WARM,
    /** It cannot be warmed. */
    FAILED
  }

  private final MegaBertProperties.WarmUp when;
  private final Runnable work;
  private volatile State state = State.COLD;
  private volatile @Nullable Throwable failure;
  private volatile boolean running;

  ModelWarmUp(MegaBert bert, MegaBertProperties properties) {
    Set<Task> tasks = properties.tasks().isEmpty() ? trained(bert) : properties.tasks();
    this(properties.warmUp(), () -> warm(bert, tasks));
  }

  /** A warm-up by other work. */
  ModelWarmUp(MegaBertProperties.WarmUp when, Runnable work) {
    this.when = when;
    this.work = work;
  }

  private static Set<Task> trained(MegaBert bert) {
    Set<Task> trained = EnumSet.copyOf(bert.tasks());
    trained.removeAll(bert.untrainedTasks());
    return trained;
  }

  private static void warm(MegaBert bert, Set<Task> tasks) {
    bert.loadWeights(tasks);
    bert.warmUp().join();
  }

  State state() {
    return state;
  }

  /** Why it failed; null if it did not. */
  @Nullable Throwable failure() {
    return failure;
  }

  /**
   * Begins, and waits for the end if the properties say so. A context that was paused finds the
   * model as warm as it was.
   *
   * @throws RuntimeException what the model throws if it cannot be loaded, where the end is waited
   *     for
   */
  @Override
  public void start() {
    running = true;
    if (state != State.COLD) {
      return;
    }
    state = State.WARMING;
    switch (when) {
      case OFF -> state = State.WARM;
      case WAIT -> warm();
      case BACKGROUND ->
          Thread.ofPlatform().daemon().name("megabert-warm-up").start(this::warmInBackground);
    }
  }

  private void warm() {
    try {
      work.run();
      state = State.WARM;
    } catch (RuntimeException | Error cold) {
      failure =
          cold instanceof CompletionException && cold.getCause() != null ? cold.getCause() : cold;
      state = State.FAILED;
      throw cold;
    }
  }

  private void warmInBackground() {
    try {
      warm();
    } catch (RuntimeException | Error cold) {
      // A model that is closed meanwhile is not wanted any more.
      if (running) {
        System.getLogger(ModelWarmUp.class.getName())
            .log(System.Logger.Level.ERROR, "the model cannot be warmed", cold);
      }
    }
  }

  /** The model's bean closes it, which ends a warm-up that is under way. */
  @Override
  public void stop() {
    running = false;
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  /** Before those of servers, which are the last. */
  @Override
  public int getPhase() {
    return 0;
  }
}
