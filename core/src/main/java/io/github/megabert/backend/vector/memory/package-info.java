// SPDX-License-Identifier: Apache-2.0
/** Memory of parameters and scratch, and what the system is told about it. */
@NullMarked
package io.github.megabert.backend.vector.memory;

import org.jspecify.annotations.NullMarked;
