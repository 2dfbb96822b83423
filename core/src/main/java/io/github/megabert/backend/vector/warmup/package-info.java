// SPDX-License-Identifier: Apache-2.0
/**
 * Kernels, and how the JVM comes to compile them.
 *
 * <p>A {@link io.github.megabert.backend.vector.warmup.Kernel} has a vector form and a plain form,
 * which give the same bits. Interpreted, a vector operation costs a microsecond, while plain loops
 * over arrays run at a fair speed within milliseconds; so those serve until {@link
 * io.github.megabert.backend.vector.warmup.WarmUp} has found the vector form compiled. A kernel is
 * declared in one file, beside its kin in {@code gemm}, {@code attention} or {@code rows}:
 *
 * <pre>{@code
 * public final class Negate extends Kernel {
 *   private static final Negate KERNEL = new Negate();
 *
 *   public static void negate(Forms forms, MemorySegment x, long offset, int count) {
 *     if (KERNEL.isVector(forms)) {
 *       vector(x, offset, count);
 *     } else {
 *       plain(x, offset, count);
 *     }
 *   }
 *
 *   private static void plain(MemorySegment x, long offset, int count) { … }
 *
 *   private static void vector(MemorySegment x, long offset, int count) { … }
 *
 *   protected void exercise(Operands on) {
 *     vector(on.output(), 0, on.count());
 *   }
 * }
 * }</pre>
 *
 * <p>The exercise calls the vector form itself, which has loops: the JVM counts their turns and
 * compiles the form sooner than the exercise around it, so that other callers reach it.
 */
@NullMarked
package io.github.megabert.backend.vector.warmup;

import org.jspecify.annotations.NullMarked;
