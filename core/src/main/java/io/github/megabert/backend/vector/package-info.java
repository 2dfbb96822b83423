// SPDX-License-Identifier: Apache-2.0
/**
 * The CPU backend on the Vector API: packed weights, register-tiled matrix products, ragged
 * attention.
 *
 * <p>Nothing but {@link io.github.megabert.backend.vector.VectorBackendProvider} may be loaded
 * before it has found the module {@code jdk.incubator.vector}. Kernels see native memory of an
 * arena only. One heap segment through the same call sites would make their type profile
 * megamorphic and every load a virtual call; and a load from a mapped file would end the process if
 * somebody cut the file short, so weights and tables in files are copied first ({@link
 * io.github.megabert.tensor.MappedMemory}).
 */
@NullMarked
package io.github.megabert.backend.vector;

import org.jspecify.annotations.NullMarked;
