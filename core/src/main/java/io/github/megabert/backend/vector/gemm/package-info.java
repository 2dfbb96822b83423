// SPDX-License-Identifier: Apache-2.0
/** Matrix products: packed weights, and the tiles that multiply them. */
@NullMarked
package io.github.megabert.backend.vector.gemm;

import org.jspecify.annotations.NullMarked;
