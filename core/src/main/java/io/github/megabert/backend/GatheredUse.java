// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

/** What ranks do with rows that {@link Computation#allGather} has put together. */
public enum GatheredUse {
  /** Each computes a part of the result: the gradients that they have of a row are summed. */
  PARTS,
  /** All compute the same: each has the whole gradient of its rows already. */
  COPIES
}
