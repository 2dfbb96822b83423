// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How many operations of a {@link Tape} have still to add to each parameter's gradient. What a
 * segment runs again has been counted when it ran first.
 */
final class GradientUses {
  /** Of an operation without parameters. */
  static final Trained NONE = () -> {};

  /** The gradients that an operation adds to. */
  interface Trained {
    /** The operation has added to them, or has nothing to add. */
    void walkedBack();
  }

  private final Consumer<Matrix> completed;
  private final IdentityHashMap<Matrix, Integer> open = new IdentityHashMap<>();
  private boolean isRepeated;

  GradientUses(Consumer<Matrix> completed) {
    this.completed = completed;
  }

  /** Counts an operation's gradients; those that are not wanted are null. */
  Trained of(@Nullable Matrix... gradients) {
    List<Matrix> wanted = Arrays.stream(gradients).filter(Objects::nonNull).toList();
    if (!isRepeated) {
      wanted.forEach(gradient -> open.merge(gradient, 1, Integer::sum));
    }
    return () -> wanted.forEach(this::walkedBack);
  }

  private void walkedBack(Matrix gradient) {
    int left = open.merge(gradient, -1, Integer::sum);
    if (left == 0) {
      open.remove(gradient);
      completed.accept(gradient);
    }
  }

  /** Runs operations that have been counted. */
  void whileRepeated(Runnable operations) {
    isRepeated = true;
    try {
      operations.run();
    } finally {
      isRepeated = false;
    }
  }
}
