// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.tensor.BFloat16;
import io.github.megabert.testing.RandomInput;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products in bytes have the bits of plain Java, those in bfloat16 where they are exact. */
class NarrowTilesTest {
  private static final int PANEL = 32;
  private static final float UNTOUCHED = 1e30f;

  private final Arena arena = Arena.ofShared();

  @AfterEach
  void free() {
    arena.close();
  }

  private static NarrowTiles load(Arena arena, NarrowTiles.Kind kind) throws MachineCodeException {
    return load(arena, kind, 16);
  }

  private static NarrowTiles load(Arena arena, NarrowTiles.Kind kind, int lanes)
      throws MachineCodeException {
    assumeTrue(MachineCode.reason().isEmpty(), () -> "no machine code: " + MachineCode.reason());
    CodeMemory memory = CodeMemory.open();
    Cpu cpu = Cpu.read(memory);
    boolean isShort = lanes == 8 && cpu.avxVnni();
    boolean fits = kind == NarrowTiles.Kind.BF16 ? cpu.bf16() : cpu.vnni() || isShort;
    assumeTrue(fits, () -> "this processor has no instructions for " + kind);
    boolean hasAmx = kind == NarrowTiles.Kind.BF16 ? cpu.amxBf16() : cpu.amxInt8();
    boolean withAmx = lanes == 16 && hasAmx && CodeMemory.allowAmx();
    VectorInstruction ofBytes =
        isShort ? VectorInstruction.VPDPBUSD_VEX : VectorInstruction.VPDPBUSD;
    NarrowTiles.Form form = new NarrowTiles.Form(kind, lanes, 1024);
    return NarrowTiles.load(memory, arena, form, ofBytes, withAmx);
  }

  private MemorySegment floats(int count, float value) {
    MemorySegment floats = arena.allocate(count * 4L, 4);
    for (int i = 0; i < count; i++) {
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
    }
    return floats;
  }

  private static float at(MemorySegment floats, int index) {
    return floats.getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }

  /** A tile's height; those with AMX only where the processor has it and the inputs suit. */
  private static int height(NarrowTiles tiles, RandomInput input, int inputs) {
    int[] heights = {1, 2, 3, 4, 8, 12, 16, 32};
    int highest = tiles.form().lanes() == 8 ? 3 : 5;
    return heights[input.between(0, tiles.isAmx(inputs) ? 7 : highest)];
  }

  private static int inputs(RandomInput input) {
    return 16 * input.between(1, 64);
  }

  @Test
  void rowsAreRoundedToBFloat16() throws Exception {
    NarrowTiles tiles = load(arena, NarrowTiles.Kind.BF16);
    RandomInput.check(60, input -> roundToBFloat16(tiles, input));
  }

  private void roundToBFloat16(NarrowTiles tiles, RandomInput input) {
    int rows = input.between(1, 5);
    int inputs = inputs(input);
    int stride = inputs + input.between(0, 3);
    MemorySegment x = random(input, rows * stride, 1);
    int distance = tiles.form().distance();
    MemorySegment out = arena.allocate((long) rows * distance, 64);
    tiles.round(rows, inputs, x, 0, stride * 4L, out, 0);
    for (int row = 0; row < rows; row++) {
      for (int k = 0; k < inputs; k++) {
        short expected = BFloat16.fromFloat(at(x, row * stride + k));
        assertEquals(expected, out.get(ValueLayout.JAVA_SHORT, row * (long) distance + 2L * k));
      }
    }
  }

  private MemorySegment random(RandomInput input, int count, double scale) {
    MemorySegment floats = floats(count, 0);
    for (int i = 0; i < count; i++) {
      float value = (float) (input.random().nextGaussian() * scale);
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
    }
    return floats;
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 16})
  void rowsAreRoundedToBytes(int lanes) throws Exception {
    NarrowTiles tiles = load(arena, NarrowTiles.Kind.INT8, lanes);
    RandomInput.check(60, input -> roundToBytes(tiles, input));
  }

  private void roundToBytes(NarrowTiles tiles, RandomInput input) {
    int rows = input.between(1, 5);
    int inputs = inputs(input);
    MemorySegment x = random(input, rows * inputs, Math.exp(input.between(-20, 20)));
    if (input.flag()) {
      x.asSlice(0, Math.min(inputs, 128) * 4L).fill((byte) 0); // a group of zeros
    }
    NarrowTiles.Form form = tiles.form();
    MemorySegment out = arena.allocate((long) rows * form.distance(), 64);
    tiles.round(rows, inputs, x, 0, inputs * 4L, out, 0);
    for (int row = 0; row < rows; row++) {
      long at = row * (long) form.distance();
      for (int group = 0; group * 128 < inputs; group++) {
        int end = Math.min(inputs, group * 128 + 128);
        float lowest = 0;
        float highest = 0;
        for (int k = group * 128; k < end; k++) {
          lowest = Math.min(lowest, at(x, row * inputs + k));
          highest = Math.max(highest, at(x, row * inputs + k));
        }
        float range = Math.max(highest - lowest, 1e-30f);
        float scale = range / 255f;
        float factor = 255f / range;
        int zero = (int) Math.rint(-lowest * factor);
        long scales = at + form.scalesAt() + group * 8L;
        assertEquals(scale, out.get(ValueLayout.JAVA_FLOAT, scales), 0);
        assertEquals(zero * scale, out.get(ValueLayout.JAVA_FLOAT, scales + 4), 0);
        for (int k = group * 128; k < end; k++) {
          int number = (int) Math.rint(at(x, row * inputs + k) * factor) + zero;
          assertEquals(Math.min(number, 255), out.get(ValueLayout.JAVA_BYTE, at + k) & 0xff);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 16})
  void aNanMakesTheScaleNan(int lanes) throws Exception {
    NarrowTiles tiles = load(arena, NarrowTiles.Kind.INT8, lanes);
    NarrowTiles.Form form = tiles.form();
    for (int k = 0; k < 128; k++) {
      MemorySegment x = floats(128, 1);
      x.setAtIndex(ValueLayout.JAVA_FLOAT, k, Float.NaN);
      MemorySegment out = arena.allocate(form.distance(), 64);
      tiles.round(1, 128, x, 0, 512, out, 0);
      assertTrue(Float.isNaN(out.get(ValueLayout.JAVA_FLOAT, form.scalesAt())), "input " + k);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 16})
  void bytes(int lanes) throws Exception {
    NarrowTiles tiles = load(arena, NarrowTiles.Kind.INT8, lanes);
    RandomInput.check(60, input -> bytes(tiles, input));
  }

  private void bytes(NarrowTiles tiles, RandomInput input) {
    NarrowTiles.Form form = tiles.form();
    int width = 2 * form.lanes();
    long line = form.rowBytes();
    int inputs = inputs(input);
    int height = height(tiles, input, inputs);
    int count = input.between(1, 3);
    int rows = height * count;
    MemorySegment x = arena.allocate((long) rows * form.distance(), 64);
    tiles.round(rows, inputs, random(input, rows * inputs, 1), 0, inputs * 4L, x, 0);
    MemorySegment panel = arena.allocate(form.panelBytes(inputs), 4);
    byte[][] weights = new byte[width][inputs];
    for (int group = 0; group * 128 < inputs; group++) {
      long at = form.panelBytes(group * 128);
      for (int n = 0; n < width; n++) {
        float scale = (float) Math.exp(input.random().nextGaussian());
        panel.set(ValueLayout.JAVA_FLOAT, at + n * 4L, scale);
        int sum = 0;
        for (int k = group * 128; k < Math.min(inputs, group * 128 + 128); k++) {
          weights[n][k] = (byte) input.between(-127, 127);
          sum += weights[n][k];
          int inGroup = k - group * 128;
          long to = at + 2 * line + inGroup / 4 * line + n * 4L + inGroup % 4;
          panel.set(ValueLayout.JAVA_BYTE, to, weights[n][k]);
        }
        panel.set(ValueLayout.JAVA_FLOAT, at + line + n * 4L, sum * scale);
      }
    }
    MemorySegment c = floats(rows * width + 1, UNTOUCHED);
    long ahead = (long) input.between(0, 1) * panel.byteSize();
    tiles.multiply(height, count, inputs, x, 0, panel, 0, panel, 0, ahead, c, 0);
    for (int row = 0; row < rows; row++) {
      long at = row * (long) form.distance();
      for (int n = 0; n < width; n++) {
        float expected = 0;
        for (int group = 0; group * 128 < inputs; group++) {
          int sum = 0;
          for (int k = group * 128; k < Math.min(inputs, group * 128 + 128); k++) {
            sum += (x.get(ValueLayout.JAVA_BYTE, at + k) & 0xff) * weights[n][k];
          }
          long columns = form.panelBytes(group * 128) + n * 4L;
          float scale = panel.get(ValueLayout.JAVA_FLOAT, columns);
          float total = panel.get(ValueLayout.JAVA_FLOAT, columns + line);
          float mine = x.get(ValueLayout.JAVA_FLOAT, at + form.scalesAt() + group * 8L);
          float zero = x.get(ValueLayout.JAVA_FLOAT, at + form.scalesAt() + group * 8L + 4);
          expected = Math.fma(-zero, total, Math.fma(sum * scale, mine, expected));
        }
        assertEquals(expected, at(c, row * width + n), 0, "inputs " + inputs + ", row " + row);
      }
    }
    assertEquals(UNTOUCHED, at(c, rows * width), 0);
  }

  @Test
  void bfloat16() throws Exception {
    NarrowTiles tiles = load(arena, NarrowTiles.Kind.BF16);
    RandomInput.check(60, input -> bfloat16(tiles, input));
  }

  /** Small whole numbers, of which every sum is exact in any order. */
  private void bfloat16(NarrowTiles tiles, RandomInput input) {
    NarrowTiles.Form form = tiles.form();
    int inputs = inputs(input);
    int height = height(tiles, input, inputs);
    int count = input.between(1, 3);
    int rows = height * count;
    MemorySegment floats = floats(rows * inputs, 0);
    for (int i = 0; i < rows * inputs; i++) {
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, input.between(-60, 60));
    }
    MemorySegment x = arena.allocate((long) rows * form.distance(), 64);
    tiles.round(rows, inputs, floats, 0, inputs * 4L, x, 0);
    MemorySegment panel = arena.allocate(form.panelBytes(inputs), 4);
    int[][] weights = new int[PANEL][inputs];
    for (int n = 0; n < PANEL; n++) {
      for (int k = 0; k < inputs; k++) {
        weights[n][k] = input.between(-60, 60);
        short bits = BFloat16.fromFloat(weights[n][k]);
        panel.set(ValueLayout.JAVA_SHORT, k / 2 * 128L + n * 4L + k % 2 * 2L, bits);
      }
    }
    MemorySegment c = floats(rows * PANEL + 1, UNTOUCHED);
    long ahead = (long) input.between(0, 1) * panel.byteSize();
    tiles.multiply(height, count, inputs, x, 0, panel, 0, panel, 0, ahead, c, 0);
    for (int row = 0; row < rows; row++) {
      for (int n = 0; n < PANEL; n++) {
        int expected = 0;
        for (int k = 0; k < inputs; k++) {
          expected += weights[n][k] * (int) at(floats, row * inputs + k);
        }
        assertEquals(expected, at(c, row * PANEL + n), 0, "inputs " + inputs + ", row " + row);
      }
    }
    assertEquals(UNTOUCHED, at(c, rows * PANEL), 0);
  }

  /** No operand is read or written beyond its end. */
  @ParameterizedTest
  @EnumSource(NarrowTiles.Kind.class)
  void operandsThatAreTooShortAreRefused(NarrowTiles.Kind kind) throws Exception {
    NarrowTiles tiles = load(arena, kind);
    NarrowTiles.Form form = tiles.form();
    MemorySegment x = floats(2 * 64, 1);
    MemorySegment rows = arena.allocate(2L * form.distance(), 64);
    MemorySegment panel = arena.allocate(form.panelBytes(64), 64);
    MemorySegment c = floats(2 * PANEL, 0);
    tiles.round(2, 64, x, 0, 256, rows, 0);
    tiles.multiply(2, 1, 64, rows, 0, panel, 0, panel, 0, 0, c, 0);
    Class<IndexOutOfBoundsException> refusal = IndexOutOfBoundsException.class;
    Class<IllegalArgumentException> wrong = IllegalArgumentException.class;
    assertThrows(refusal, () -> tiles.round(2, 64, x, 4, 256, rows, 0));
    assertThrows(refusal, () -> tiles.round(2, 64, x, 0, 256, rows, 4));
    assertThrows(wrong, () -> tiles.round(2, 63, x, 0, 256, rows, 0));
    assertThrows(wrong, () -> tiles.round(1, 2048, x, 0, 256, rows, 0));
    assertThrows(wrong, () -> tiles.round(2, 64, x, 0, 256, rows.asReadOnly(), 0));
    assertThrows(refusal, () -> tiles.multiply(3, 1, 64, rows, 0, panel, 0, panel, 0, 0, c, 0));
    assertThrows(refusal, () -> tiles.multiply(2, 1, 64, rows, 0, panel, 4, panel, 0, 0, c, 0));
    assertThrows(refusal, () -> tiles.multiply(2, 1, 80, rows, 0, panel, 0, panel, 0, 0, c, 0));
    assertThrows(refusal, () -> tiles.multiply(2, 1, 64, rows, 0, panel, 0, panel, 0, 0, c, 4));
    assertThrows(wrong, () -> tiles.multiply(1, 0, 64, rows, 0, panel, 0, panel, 0, 0, c, 0));
    MemorySegment room = arena.allocate(16L * 128);
    MemorySegment many = arena.allocate(16L * form.distance(), 64);
    for (int height : new int[] {0, 5, 7, 9, 11, 13}) {
      assertThrows(
          wrong, () -> tiles.multiply(height, 1, 64, many, 0, panel, 0, panel, 0, 0, room, 0));
    }
  }

  @Test
  void formsWithoutTilesAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new NarrowTiles.Form(NarrowTiles.Kind.BF16, 8, 64));
    assertThrows(
        IllegalArgumentException.class, () -> new NarrowTiles.Form(NarrowTiles.Kind.INT8, 4, 64));
  }
}
