// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Which vector instructions the processor has and the system has made room for, by CPUID and
 * XGETBV; their bits are in Intel's manual, volume 2, and AMD's, volume 3.
 *
 * @param avx2 AVX2, FMA and F16C
 * @param avx512 AVX-512 F, BW, DQ and VL
 * @param vnni dot products of bytes, up to 512 bits
 * @param avxVnni the same for 256 bits, without AVX-512
 * @param bf16 dot products of bfloat16, 512 bits
 * @param amxInt8 tiles of bytes; a process has to ask Linux for them
 * @param amxBf16 tiles of bfloat16, likewise
 */
record Cpu(
    boolean avx2,
    boolean avx512,
    boolean vnni,
    boolean avxVnni,
    boolean bf16,
    boolean amxInt8,
    boolean amxBf16) {
  private static final int EAX = 0;
  private static final int EBX = 1;
  private static final int ECX = 2;
  private static final int EDX = 3;

  /** Bits of XCR0: the registers of AVX, of AVX-512 and of AMX are saved. */
  private static final int AVX_STATE = 0x6;

  private static final int AVX512_STATE = 0xe6;
  private static final int AMX_STATE = 0x60000;

  /** Asks the processor. */
  static Cpu read(CodeMemory memory) throws MachineCodeException {
    try (Arena arena = Arena.ofShared()) {
      List<MemorySegment> code = memory.load(arena, List.of(cpuid().bytes(), xgetbv().bytes()));
      MemorySegment out = arena.allocate(4 * Integer.BYTES, Integer.BYTES);
      int leaves = ask(code.get(0), 0, 0, out)[EAX];
      int[] basic = ask(code.get(0), 1, 0, out);
      boolean isSaved = bit(basic[ECX], 27);
      int state = isSaved ? ask(code.get(1), 0, 0, out)[EAX] : 0;
      int[] more = leaves >= 7 ? ask(code.get(0), 7, 0, out) : new int[4];
      int[] most = leaves >= 7 && more[EAX] >= 1 ? ask(code.get(0), 7, 1, out) : new int[4];
      return of(basic, more, most, state);
    }
  }

  /**
   * Takes the bits apart.
   *
   * @param basic leaf 1: EAX, EBX, ECX, EDX
   * @param more leaf 7, subleaf 0
   * @param most leaf 7, subleaf 1
   * @param state the lower half of XCR0
   */
  static Cpu of(int[] basic, int[] more, int[] most, int state) {
    boolean avx = (state & AVX_STATE) == AVX_STATE && bit(basic[ECX], 28);
    boolean avx2 = avx && bit(basic[ECX], 12) && bit(basic[ECX], 29) && bit(more[EBX], 5);
    boolean avx512 =
        avx2
            && (state & AVX512_STATE) == AVX512_STATE
            && bit(more[EBX], 16)
            && bit(more[EBX], 17)
            && bit(more[EBX], 30)
            && bit(more[EBX], 31);
    boolean amx = (state & AMX_STATE) == AMX_STATE && bit(more[EDX], 24);
    return new Cpu(
        avx2,
        avx512,
        avx512 && bit(more[ECX], 11),
        avx2 && bit(most[EAX], 4),
        avx512 && bit(most[EAX], 5),
        amx && bit(more[EDX], 25),
        amx && bit(more[EDX], 22));
  }

  private static boolean bit(int word, int number) {
    return (word >> number & 1) == 1;
  }

  private static int[] ask(MemorySegment code, int leaf, int subleaf, MemorySegment out) {
    MemorySegment none = MemorySegment.NULL;
    NativeCall.call(code, none, none, out, leaf, subleaf, none, 0, 0, 0, 0, 0);
    return out.toArray(ValueLayout.JAVA_INT);
  }

  /** {@code c = CPUID(depth, count)}. */
  static Assembler cpuid() {
    Assembler to = new Assembler();
    to.push(Register.RBX);
    to.mov(Register.R9, NativeCall.C);
    to.mov32(Register.RAX, NativeCall.DEPTH);
    to.mov32(Register.RCX, NativeCall.COUNT);
    to.cpuid();
    to.store32(Address.of(Register.R9), Register.RAX);
    to.store32(Address.of(Register.R9, 4), Register.RBX);
    to.store32(Address.of(Register.R9, 8), Register.RCX);
    to.store32(Address.of(Register.R9, 12), Register.RDX);
    to.pop(Register.RBX);
    to.ret();
    return to;
  }

  /** {@code c = XCR0}. */
  static Assembler xgetbv() {
    Assembler to = new Assembler();
    to.mov(Register.R9, NativeCall.C);
    to.clear(Register.RCX);
    to.xgetbv();
    to.store32(Address.of(Register.R9), Register.RAX);
    to.store32(Address.of(Register.R9, 4), Register.RDX);
    to.ret();
    return to;
  }

  /** In words, such as {@code AVX-512, VNNI}. */
  String text() {
    List<String> parts = new ArrayList<>();
    if (avx2 || avx512) {
      parts.add(avx512 ? "AVX-512" : "AVX2");
    }
    if (vnni) {
      parts.add("VNNI");
    } else if (avxVnni) {
      parts.add("AVX-VNNI");
    }
    if (bf16) {
      parts.add("BF16");
    }
    if (amxInt8 || amxBf16) {
      parts.add("AMX");
    }
    return parts.isEmpty() ? "no AVX2" : String.join(", ", parts);
  }
}
