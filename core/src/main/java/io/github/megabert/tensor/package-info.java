// SPDX-License-Identifier: Apache-2.0
/**
 * Off-heap tensors: an element type, a shape and a {@link java.lang.foreign.MemorySegment}, and the
 * worker threads that loop over them.
 */
@NullMarked
package io.github.megabert.tensor;

import org.jspecify.annotations.NullMarked;
