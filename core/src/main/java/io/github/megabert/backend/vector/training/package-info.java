// SPDX-License-Identifier: Apache-2.0
/**
 * What training needs on rows and elements: adjoints of activations, LayerNorm, embeddings and
 * losses, dropout, norms and the optimizer's step. Sums over rows or elements are cut by size, so
 * they do not depend on the number of threads.
 */
@NullMarked
package io.github.megabert.backend.vector.training;

import org.jspecify.annotations.NullMarked;
