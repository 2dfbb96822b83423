// SPDX-License-Identifier: Apache-2.0
/** Kernels on rows: activations, LayerNorm, softmax, sums, embeddings. */
@NullMarked
package io.github.megabert.backend.vector.rows;

import org.jspecify.annotations.NullMarked;
