// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

/**
 * The groups that a rank of a {@link ParallelPlan} belongs to.
 *
 * @param world all ranks
 * @param tensor the ranks that share this rank's layers; the rank's number is {@code tensorRank}
 * @param pipeline the ranks that divide the layers of this rank's copy; stage s is on rank s mod P
 * @param data the ranks that hold the same parameters; the rank's number is that of its copy
 */
public record ParallelGroups(
    ParallelPlan plan,
    Communicator world,
    Communicator tensor,
    Communicator pipeline,
    Communicator data) {}
