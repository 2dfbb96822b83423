// SPDX-License-Identifier: Apache-2.0
/**
 * Groups of ranks that compute one thing together, and what they send each other.
 *
 * <p>A {@link io.github.megabert.parallel.Communicator} knows ranks and numbers in memory, nothing
 * of models. {@link io.github.megabert.parallel.ThreadRanks} runs ranks as threads of one JVM.
 */
@NullMarked
package io.github.megabert.parallel;

import org.jspecify.annotations.NullMarked;
