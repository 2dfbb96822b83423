/**
 * The CPU backend on the Vector API: packed weights, register-tiled matrix products, ragged
 * attention.
 *
 * <p>Nothing but {@link io.github.megabert.backend.vector.VectorBackendProvider} may be loaded
 * before it has found the module {@code jdk.incubator.vector}. Kernels see native memory only
 * ({@code MemorySegment}s of an arena or a mapped file): one heap segment through the same call
 * sites would make their type profile megamorphic and every load a virtual call.
 */
@NullMarked
package io.github.megabert.backend.vector;

import org.jspecify.annotations.NullMarked;
