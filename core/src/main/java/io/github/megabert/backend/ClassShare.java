// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import io.github.megabert.parallel.Communicator;

/**
 * The classes whose logits a rank has, where a group of ranks divides them in order of rank.
 *
 * @param group all ranks that have some
 * @param first this rank's first class
 * @param classes of all ranks together
 */
public record ClassShare(Communicator group, int first, int classes) {}
