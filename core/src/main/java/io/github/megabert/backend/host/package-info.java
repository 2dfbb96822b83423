// SPDX-License-Identifier: Apache-2.0
/** Matrices in host memory, which the CPU backends share. */
@NullMarked
package io.github.megabert.backend.host;

import org.jspecify.annotations.NullMarked;
