// SPDX-License-Identifier: Apache-2.0
/**
 * The reference backend: plain loops that accumulate in double, against which every other is held.
 */
@NullMarked
package io.github.megabert.backend.scalar;

import org.jspecify.annotations.NullMarked;
