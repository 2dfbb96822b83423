// SPDX-License-Identifier: Apache-2.0
/**
 * What implementations of a backend share, wherever they compute: checks of what they are given.
 */
@NullMarked
package io.github.megabert.backend.spi;

import org.jspecify.annotations.NullMarked;
