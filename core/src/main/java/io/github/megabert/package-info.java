// SPDX-License-Identifier: Apache-2.0
/** {@link io.github.megabert.MegaBert} opens a model with everything that it needs. */
@NullMarked
package io.github.megabert;

import org.jspecify.annotations.NullMarked;
