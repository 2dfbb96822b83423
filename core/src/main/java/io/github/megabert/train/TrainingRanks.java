// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.train.optim.StateShare;
import org.jspecify.annotations.Nullable;

/**
 * The ranks that train together, as one of them sees them.
 *
 * @param groups null for one rank alone
 * @param options how the copies of the model train together, where there are several
 */
record TrainingRanks(@Nullable ParallelGroups groups, DataParallelOptions options) {
  /** All ranks; null for one alone. */
  @Nullable Communicator world() {
    return groups == null ? null : groups.world();
  }

  /** Whether this is the rank that writes. */
  boolean isFirst() {
    return groups == null || groups.world().rank() == 0;
  }

  /** The ranks that have the same part of the model; null where this rank alone has it. */
  @Nullable Communicator copies() {
    return groups == null || groups.data().size() == 1 ? null : groups.data();
  }

  /** Whether this rank is of the copy of the model that is written. */
  boolean isOfFirstCopy() {
    return groups == null || groups.data().rank() == 0;
  }

  /** Whether a part of a step's batch is this rank's: copies take them in turn. */
  boolean isOwn(int part) {
    return groups == null || part % groups.data().size() == groups.data().rank();
  }

  /** What this rank has of the optimizer's state. */
  StateShare stateShare() {
    Communicator copies = copies();
    return copies != null && options.distributedOptimizer()
        ? new StateShare(copies)
        : StateShare.WHOLE;
  }

  /** Waits until all ranks have come here. */
  void meet() {
    if (groups != null) {
      groups.world().barrier();
    }
  }

  /** Whether it is so on any rank; all ask together. */
  boolean any(boolean here) {
    return Ranks.any(world(), here);
  }
}
