// SPDX-License-Identifier: Apache-2.0
/** Random numbers as other programs draw them: same seed, same numbers. */
@NullMarked
package io.github.megabert.train.data.random;

import org.jspecify.annotations.NullMarked;
