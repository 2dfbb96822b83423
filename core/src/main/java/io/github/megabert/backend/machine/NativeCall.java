// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The one signature that all kernels have, so that the JVM makes one bridge for them. Arguments
 * that a kernel has no use for are zero.
 *
 * <p>The call is critical: arrays are passed as they lie in the heap, and the garbage collector
 * waits until it returns. So a call is kept below a tenth of a millisecond. Memory that an arena
 * frees is held until the call has ended.
 */
final class NativeCall {
  /** Where the arguments are in a kernel, the last eight on the stack as it finds it. */
  static final Register A = Register.RDI;

  static final Register B = Register.RSI;
  static final Register C = Register.RDX;
  static final Register DEPTH = Register.RCX;
  static final Register COUNT = Register.R8;
  static final Register AHEAD = Register.R9;
  static final int STEP = 8;
  static final int A_OFFSET = 16;
  static final int B_OFFSET = 24;
  static final int C_OFFSET = 32;
  static final int AHEAD_OFFSET = 40;

  // What kernels on rows take beside these.
  static final int STRIDE = 48;
  static final int C_STRIDE = 56;
  static final int NUMBER = 64;

  private static final MethodHandle CALL = handle();

  private NativeCall() {}

  @SuppressWarnings("restricted")
  private static MethodHandle handle() {
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    return Linker.nativeLinker()
        .downcallHandle(
            FunctionDescriptor.ofVoid(
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                word,
                word,
                ValueLayout.ADDRESS,
                word,
                word,
                word,
                word,
                word,
                word,
                word,
                word),
            Linker.Option.critical(true));
  }

  static void call(
      MemorySegment code,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      long depth,
      long count,
      MemorySegment ahead,
      long step,
      long aOffset,
      long bOffset,
      long cOffset,
      long aheadOffset) {
    call(code, a, b, c, depth, count, ahead, step, aOffset, bOffset, cOffset, aheadOffset, 0, 0, 0);
  }

  static void call(
      MemorySegment code,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      long depth,
      long count,
      MemorySegment ahead,
      long step,
      long aOffset,
      long bOffset,
      long cOffset,
      long aheadOffset,
      long stride,
      long cStride,
      long number) {
    try {
      CALL.invokeExact(
          code,
          a,
          b,
          c,
          depth,
          count,
          ahead,
          step,
          aOffset,
          bOffset,
          cOffset,
          aheadOffset,
          stride,
          cStride,
          number);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** Machine code would write to a file that is mapped for reading, which ends the process. */
  static void requireWritable(MemorySegment result) {
    if (result.isReadOnly()) {
      throw new IllegalArgumentException("the result is read-only memory");
    }
  }

  /**
   * Native functions throw nothing; what is left is what the JVM throws, such as a closed arena.
   */
  static RuntimeException unexpected(Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    return thrown instanceof RuntimeException known
        ? known
        : new IllegalStateException("native code could not be called", thrown);
  }
}
