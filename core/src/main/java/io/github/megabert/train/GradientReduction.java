// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.model.TrainableParameters.Block;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.Pending;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Sums one step's gradients over the copies of a model, each block as soon as the last backward
 * pass has completed it and all blocks behind it in the model. So every copy reduces the blocks in
 * one order, whatever its own passes do, and the sums have the bits that they have at the end.
 */
final class GradientReduction {
  private final Communicator copies;
  private final boolean scatters;
  private final List<ResidentMatrix> gradients = new ArrayList<>();
  private final Set<Matrix> complete = Collections.newSetFromMap(new IdentityHashMap<>());
  private final List<Pending> started = new ArrayList<>();

  /**
   * Of one step.
   *
   * @param blocks in the order in which the model uses them first
   * @param scatters whether each copy gets the sum of its share of the rows alone
   */
  GradientReduction(Communicator copies, List<Block> blocks, boolean scatters) {
    this.copies = copies;
    this.scatters = scatters;
    for (Block block : blocks.reversed()) {
      ResidentMatrix gradient = block.gradient();
      if (gradient != null) {
        gradients.add(gradient);
      }
    }
  }

  /** The last backward pass has completed a gradient. */
  void completed(Computation computation, Matrix gradient) {
    complete.add(gradient);
    while (started.size() < gradients.size() && complete.contains(next())) {
      startNext(computation);
    }
  }

  private ResidentMatrix next() {
    return gradients.get(started.size());
  }

  private void startNext(Computation computation) {
    ResidentMatrix gradient = next();
    started.add(
        scatters
            ? computation.startReduceScatter(copies, gradient)
            : computation.startAllReduce(copies, gradient));
  }

  /** Reduces what is left, and waits for all. */
  void finish(Computation computation) {
    while (started.size() < gradients.size()) {
      startNext(computation);
    }
    started.forEach(Pending::await);
  }

  /** Waits for what has been started, after a failure: the gradients are about to be freed. */
  void abandon(Throwable failure) {
    for (Pending pending : started) {
      try {
        pending.await();
      } catch (RuntimeException second) {
        if (failure.getSuppressed().length == 0) {
          failure.addSuppressed(second);
        }
      }
    }
  }
}
