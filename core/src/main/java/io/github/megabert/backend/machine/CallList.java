// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Calls of kernels, which are written down once and then made by one native call, in their order,
 * whenever they are wanted: for other operands of the same shapes, several times in a row, after
 * each of which the operands move by distances of their own, to the next head, for example.
 *
 * <p>So what leads to a kernel, checks among it, runs once a shape instead of once a call. The JVM
 * then has little of it to interpret and to compile, which counts in the first seconds of a
 * process.
 *
 * <p>An operand is written down as one of a few bases and a distance from it. Who runs the list
 * checks that all of that is valid memory, and names what must not be freed meanwhile. The list is
 * copied to native memory for it: where a native call gets arrays of several kinds, the JVM
 * compiles its way through the call several times. One thread uses a list at a time.
 */
final class CallList {
  /** Bases there are; the first is none, whose address is 0. */
  static final int BASES = 8;

  // The list begins with the bases' addresses, then their steps.
  private static final int STEPS = BASES;
  private static final int FIRST = 2 * BASES;

  // A call's words. A base is where its address lies, in bytes from the list's beginning.
  private static final int KERNEL = 0;
  private static final int A_BASE = 1;
  private static final int A = 2;
  private static final int B_BASE = 3;
  private static final int B = 4;
  private static final int C_BASE = 5;
  private static final int C = 6;
  private static final int DEPTH = 7;
  private static final int COUNT = 8;
  private static final int AHEAD = 9;
  private static final int STEP = 10;
  private static final int AHEAD_OFFSET = 11;
  private static final int STRIDE = 12;
  private static final int C_STRIDE = 13;
  private static final int NUMBER = 14;
  private static final int WORDS = 16;

  /** Bytes of the registers that {@link #code} saves. */
  private static final int SAVED = 6 * Long.BYTES;

  /** Bytes of a kernel's arguments on the stack. */
  private static final int STACKED = 8 * Long.BYTES;

  private final MemorySegment maker;
  private long[] words = new long[FIRST + 16 * WORDS];
  private int size;

  /**
   * An empty list.
   *
   * @param maker {@link #code}
   */
  CallList(MemorySegment maker) {
    this.maker = maker;
  }

  /** Makes the {@code depth} calls of the list {@code a}, {@code count} times. */
  static Assembler code() {
    Assembler to = new Assembler();
    Register[] saved = {
      Register.RBX, Register.RBP, Register.R12, Register.R13, Register.R14, Register.R15
    };
    for (Register register : saved) {
      to.push(register);
    }
    Register list = Register.R12;
    Register calls = Register.R13;
    Register times = Register.R14;
    Register call = Register.R15;
    Register left = Register.RBP;
    Register spare = Register.RAX;
    to.mov(list, NativeCall.A);
    to.add(list, Address.of(Register.RSP, NativeCall.A_OFFSET + SAVED));
    to.mov(calls, NativeCall.DEPTH);
    to.mov(times, NativeCall.COUNT);
    Label time = new Label(".Ltime");
    Label next = new Label(".Lnext");
    to.bind(time);
    to.lea(call, word(list, FIRST));
    to.mov(left, calls);
    to.bind(next);
    for (int word : new int[] {NUMBER, C_STRIDE, STRIDE, AHEAD_OFFSET}) {
      to.mov(spare, word(call, word));
      to.push(spare);
    }
    // The offsets of C, B and A.
    to.clear(spare);
    to.push(spare);
    to.push(spare);
    to.push(spare);
    to.mov(spare, word(call, STEP));
    to.push(spare);
    operand(to, NativeCall.A, list, call, A_BASE, A);
    operand(to, NativeCall.B, list, call, B_BASE, B);
    operand(to, NativeCall.C, list, call, C_BASE, C);
    to.mov(NativeCall.DEPTH, word(call, DEPTH));
    to.mov(NativeCall.COUNT, word(call, COUNT));
    to.mov(NativeCall.AHEAD, word(call, AHEAD));
    to.mov(spare, word(call, KERNEL));
    // Kernels find their arguments behind the return address.
    to.call(spare);
    to.add(Register.RSP, STACKED);
    to.add(call, WORDS * Long.BYTES);
    to.dec(left);
    to.jump(Assembler.Condition.NOT_EQUAL, next);
    for (int base = 1; base < BASES; base++) {
      to.mov(spare, word(list, base));
      to.add(spare, word(list, STEPS + base));
      to.mov(word(list, base), spare);
    }
    to.dec(times);
    to.jump(Assembler.Condition.NOT_EQUAL, time);
    for (int i = saved.length - 1; i >= 0; i--) {
      to.pop(saved[i]);
    }
    to.ret();
    return to;
  }

  private static Address word(Register from, int word) {
    return Address.of(from, word * Long.BYTES);
  }

  private static void operand(
      Assembler to, Register operand, Register list, Register call, int base, int distance) {
    to.mov(Register.RAX, word(call, base));
    to.mov(operand, new Address(list, Register.RAX, 1, 0));
    to.add(operand, word(call, distance));
  }

  /** Bytes of so many calls in memory. */
  static long bytes(int calls) {
    return (FIRST + (long) calls * WORDS) * Long.BYTES;
  }

  /** Says how far a base moves after each time, in bytes. */
  void step(int base, long step) {
    words[STEPS + base] = step;
  }

  /** Says where a base is. */
  void base(int base, long address) {
    words[base] = address;
  }

  /**
   * Writes down a call, with the arguments of {@link NativeCall}; an operand is a base and a
   * distance in bytes.
   *
   * @param kernel the address
   * @param ahead an address
   */
  void add(
      long kernel,
      int aBase,
      long a,
      int bBase,
      long b,
      int cBase,
      long c,
      long depth,
      long count,
      long ahead,
      long step,
      long aheadOffset,
      long stride,
      long cStride,
      long number) {
    int at = FIRST + size * WORDS;
    if (at + WORDS > words.length) {
      words = Arrays.copyOf(words, 2 * words.length);
    }
    size++;
    words[at + KERNEL] = kernel;
    words[at + A_BASE] = (long) aBase * Long.BYTES;
    words[at + A] = a;
    words[at + B_BASE] = (long) bBase * Long.BYTES;
    words[at + B] = b;
    words[at + C_BASE] = (long) cBase * Long.BYTES;
    words[at + C] = c;
    words[at + DEPTH] = depth;
    words[at + COUNT] = count;
    words[at + AHEAD] = ahead;
    words[at + STEP] = step;
    words[at + AHEAD_OFFSET] = aheadOffset;
    words[at + STRIDE] = stride;
    words[at + C_STRIDE] = cStride;
    words[at + NUMBER] = number;
  }

  /**
   * Makes all calls, some times.
   *
   * @param most times in one native call
   * @param copy memory for {@link #bytes} of the calls, from its offset on
   * @param held memory that is not freed meanwhile, as are the other two and that of the copy
   */
  void run(
      int times,
      int most,
      MemorySegment copy,
      long offset,
      MemorySegment held,
      MemorySegment second,
      MemorySegment third) {
    MemorySegment.copy(
        words, 0, copy, ValueLayout.JAVA_LONG_UNALIGNED, offset, FIRST + size * WORDS);
    for (int done = 0; done < times; done += most) {
      int count = Math.min(most, times - done);
      NativeCall.call(maker, copy, held, second, size, count, third, 0, offset, 0, 0, 0);
    }
  }
}
