// SPDX-License-Identifier: Apache-2.0
/** Micrometer's meters on MegaBERT. */
@NullMarked
package io.github.megabert.micrometer;

import org.jspecify.annotations.NullMarked;
