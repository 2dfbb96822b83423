// SPDX-License-Identifier: Apache-2.0
/** How long a training step takes on many GPUs, and how much memory, by an α-β model. */
@org.jspecify.annotations.NullMarked
package io.github.megabert.parallel.plan;
