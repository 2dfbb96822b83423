// SPDX-License-Identifier: Apache-2.0
/** MPI's functions, called through the Foreign Function and Memory API. */
@NullMarked
package io.github.megabert.parallel.mpi;

import org.jspecify.annotations.NullMarked;
