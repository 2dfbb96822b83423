// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Attention of some heads in one call: exact where the numbers are, within its operands always. */
class HeadCallsTest {
  /** An exponential that is 1 of 0; scores times 0 make each weight the same. */
  private static final RowConstants CONSTANTS =
      new RowConstants(
          new float[] {1, 0x1.8p23f, 0, 0, 0, 0, 0, 0, 0, 1, -80}, new float[23], new float[8]);

  private static final float UNTOUCHED = 1e30f;

  private final Arena arena = Arena.ofShared();

  @AfterEach
  void free() {
    arena.close();
  }

  private HeadCalls load(int lanes) throws MachineCodeException {
    assumeTrue(MachineCode.reason().isEmpty(), () -> "no machine code: " + MachineCode.reason());
    CodeMemory memory = CodeMemory.open();
    Cpu cpu = Cpu.read(memory);
    boolean fits = lanes == 16 ? cpu.avx512() : cpu.avx2();
    assumeTrue(fits, () -> "this processor has no vectors of " + lanes + " floats");
    int high = lanes == 16 ? 12 : 4;
    FloatTiles.Form form = new FloatTiles.Form(lanes, high, high / 2, 1040);
    FloatTiles tiles = FloatTiles.load(memory, arena, form);
    RowKernels rows = RowKernels.load(memory, arena, lanes, CONSTANTS);
    return new HeadCalls(HeadKernels.load(memory, arena, rows, tiles));
  }

  private MemorySegment matrix(int rows, int columns) {
    MemorySegment matrix = arena.allocate(4L * rows * columns, 4);
    for (int i = 0; i < rows * columns; i++) {
      matrix.setAtIndex(ValueLayout.JAVA_FLOAT, i, i % columns + 1000 * (i / columns));
    }
    return matrix;
  }

  /** With weights that are all the same, results are the means of the values. */
  @ParameterizedTest
  @ValueSource(ints = {16, 8})
  void eachHeadHasItsOwnColumns(int lanes) throws Exception {
    HeadCalls calls = load(lanes);
    int headDim = 2 * lanes;
    int heads = 3;
    int width = heads * headDim;
    for (boolean isPacked : new boolean[] {true, false}) {
      for (int queries : new int[] {1, 5, isPacked ? 60 : 8}) {
        for (int keys : new int[] {1, 2, 64}) {
          MemorySegment q = matrix(queries, width);
          MemorySegment kv = matrix(keys, width);
          MemorySegment out = arena.allocate(4L * queries * width + 4, 4);
          IntStream.rangeClosed(0, queries * width)
              .forEach(i -> out.setAtIndex(ValueLayout.JAVA_FLOAT, i, UNTOUCHED));
          MemorySegment scratch = arena.allocate(calls.bytes(keys, headDim), 64);
          attend(calls, heads, headDim, queries, keys, isPacked, q, kv, out, scratch);
          for (int i = 0; i < queries * width; i++) {
            float mean = i % width + 500f * (keys - 1);
            assertEquals(mean, out.getAtIndex(ValueLayout.JAVA_FLOAT, i), "number " + i);
          }
          assertEquals(
              UNTOUCHED, out.getAtIndex(ValueLayout.JAVA_FLOAT, (long) queries * width), "behind");
        }
      }
    }
  }

  private static void attend(
      HeadCalls calls,
      int heads,
      int headDim,
      int queries,
      int keys,
      boolean isPacked,
      MemorySegment q,
      MemorySegment kv,
      MemorySegment out,
      MemorySegment scratch) {
    long stride = (long) heads * headDim * Float.BYTES;
    calls.attend(
        heads, headDim, queries, keys, 0, isPacked, q, 0, stride, kv, 0, stride, kv, 0, stride, out,
        0, stride, scratch, 0);
  }

  /** Otherwise they would be written down again whenever the length changes. */
  @Test
  void lengthsInARowAreKeptBesideOneAnother() {
    assertEquals(HeadCalls.SHAPES, places(length -> HeadCalls.place(length, length)));
    assertEquals(HeadCalls.SHAPES, places(length -> HeadCalls.place(1, length)));
  }

  private static long places(IntUnaryOperator ofLength) {
    return IntStream.rangeClosed(1, HeadCalls.SHAPES).map(ofLength).distinct().count();
  }

  /** No operand is read or written beyond its end. */
  @ParameterizedTest
  @ValueSource(ints = {16, 8})
  void operandsThatAreTooShortAreRefused(int lanes) throws Exception {
    HeadCalls calls = load(lanes);
    int headDim = 2 * lanes;
    MemorySegment three = matrix(3, headDim);
    MemorySegment two = matrix(2, headDim);
    long bytes = calls.bytes(3, headDim);
    MemorySegment scratch = arena.allocate(bytes, 64);
    attend(calls, 1, headDim, 3, 3, true, three, three, three, scratch);
    Class<IndexOutOfBoundsException> refusal = IndexOutOfBoundsException.class;
    assertThrows(refusal, () -> attend(calls, 1, headDim, 3, 3, true, two, three, three, scratch));
    assertThrows(refusal, () -> attend(calls, 1, headDim, 3, 3, true, three, two, three, scratch));
    assertThrows(refusal, () -> attend(calls, 1, headDim, 3, 3, true, three, three, two, scratch));
    MemorySegment narrow = scratch.asSlice(0, bytes - 1);
    assertThrows(refusal, () -> attend(calls, 1, headDim, 3, 3, true, three, three, three, narrow));
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 8})
  void otherOperandsAreRefused(int lanes) throws Exception {
    HeadCalls calls = load(lanes);
    int headDim = 2 * lanes;
    assertTrue(calls.serves(128, 128, 64));
    assertFalse(calls.serves(129, 128, 64), "it takes too long");
    assertFalse(calls.serves(1, 1, headDim + 1), "no whole panels");
    assertFalse(calls.serves(193, 1, headDim), "too many queries");
    assertFalse(calls.serves(1, 1041, headDim), "too many keys");
    assertFalse(calls.serves(0, 1, headDim), "no query");
    assertFalse(calls.serves(1, 0, headDim), "no key");
    MemorySegment native3 = matrix(3, headDim);
    MemorySegment heap = MemorySegment.ofArray(new float[3 * headDim]);
    MemorySegment scratch = arena.allocate(calls.bytes(3, headDim), 64);
    Class<IllegalArgumentException> refusal = IllegalArgumentException.class;
    assertThrows(
        refusal, () -> attend(calls, 1, headDim, 3, 3, true, heap, native3, native3, scratch));
    assertThrows(
        refusal,
        () ->
            attend(calls, 1, headDim, 3, 3, true, native3, native3, native3.asReadOnly(), scratch));
    MemorySegment many = matrix(60, headDim);
    assertThrows(
        refusal, () -> attend(calls, 1, headDim, 60, 3, false, many, native3, many, scratch));
  }
}
