// SPDX-License-Identifier: Apache-2.0
/** Scaled dot-product attention on vectors. */
@NullMarked
package io.github.megabert.backend.vector.attention;

import org.jspecify.annotations.NullMarked;
