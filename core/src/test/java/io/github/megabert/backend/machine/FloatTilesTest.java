// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.testing.RandomInput;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Machine code gives the bits of plain Java, and writes nothing but its result. */
class FloatTilesTest {
  private static final float UNTOUCHED = 1e30f;

  private final Arena arena = Arena.ofShared();
  private final Random random = new Random(7);

  @AfterEach
  void free() {
    arena.close();
  }

  private static FloatTiles load(Arena arena, FloatTiles.Form form) throws MachineCodeException {
    assumeTrue(MachineCode.reason().isEmpty(), () -> "no machine code: " + MachineCode.reason());
    CodeMemory memory = CodeMemory.open();
    Cpu cpu = Cpu.read(memory);
    boolean fits = form.lanes() == 16 ? cpu.avx512() : cpu.avx2();
    assumeTrue(fits, () -> "this processor has no vectors of " + form.lanes() + " floats");
    return FloatTiles.load(memory, arena, form);
  }

  private static float number(Random random) {
    return (float) (random.nextGaussian() * Math.exp(random.nextGaussian()));
  }

  private static MemorySegment floats(Arena arena, Random random, int count) {
    MemorySegment floats = arena.allocate(count * 4L + 4, 4);
    for (int i = 0; i < count; i++) {
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, number(random));
    }
    return floats.asSlice(0, count * 4L);
  }

  private static MemorySegment result(Arena arena, int count) {
    MemorySegment floats = arena.allocate(count * 4L, 4);
    for (int i = 0; i < count; i++) {
      floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, UNTOUCHED);
    }
    return floats;
  }

  private static float at(MemorySegment floats, long index) {
    return floats.getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }

  @ParameterizedTest
  @CsvSource({"16, 12, 6, 64", "16, 8, 4, 1040", "8, 4, 4, 64", "8, 5, 3, 1040"})
  void stridedRows(int lanes, int high, int low, int distance) throws Exception {
    FloatTiles.Form form = new FloatTiles.Form(lanes, high, low, distance);
    FloatTiles tiles = load(arena, form);
    RandomInput.check(150, input -> strided(tiles, input));
  }

  private static void strided(FloatTiles tiles, RandomInput input) {
    FloatTiles.Form form = tiles.form();
    int distance = form.distance();
    int depth = input.between(0, distance);
    int count = input.between(1, 5 * form.high());
    int rows = form.held(count);
    int skip = input.between(0, 4);
    int columns = 2 * form.lanes();
    float[] x = new float[skip + rows * distance];
    for (int i = 0; i < x.length; i++) {
      x[i] = number(input.random());
    }
    try (Arena operands = Arena.ofShared()) {
      MemorySegment panel = floats(operands, input.random(), skip + depth * columns);
      MemorySegment c = result(operands, skip + rows * columns + 1);
      long bytes = (long) input.between(0, 2) * depth * columns;
      long at = skip * 4L;
      tiles.strided(
          count, depth, MemorySegment.ofArray(x), skip, panel, at, panel, 0, bytes, c, at);
      String what = "depth " + depth + ", " + count + " rows";
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          float sum = 0;
          for (int k = 0; k < depth; k++) {
            float weight = at(panel, skip + k * columns + column);
            sum = Math.fma(x[skip + row * distance + k], weight, sum);
          }
          assertEquals(sum, at(c, skip + row * columns + column), 0, what);
        }
      }
      untouched(c, skip, skip + rows * columns, what);
    }
  }

  /** As few tiles as there can be, and only as many rows as the lowest tile makes necessary. */
  @ParameterizedTest
  @CsvSource({"12, 6", "8, 4", "4, 4", "5, 3", "7, 2"})
  void rowsAreCutWithoutRest(int high, int low) {
    FloatTiles.Form form = new FloatTiles.Form(16, high, low, 64);
    for (int rows = 1; rows < 200; rows++) {
      int tiles = form.tiles(rows);
      assertEquals(Math.ceilDiv(rows, high), tiles);
      assertEquals(Math.max(rows, low * tiles), form.held(rows), rows + " rows");
      int highest = form.highest(rows);
      assertTrue(highest > 0 && highest <= tiles && form.height(rows) <= high);
      assertTrue(highest == tiles || form.height(rows) > low);
    }
  }

  private static void untouched(MemorySegment c, int before, int behind, String what) {
    for (int i = 0; i < before; i++) {
      assertEquals(UNTOUCHED, at(c, i), 0, what);
    }
    assertEquals(UNTOUCHED, at(c, behind), 0, what);
  }

  @ParameterizedTest
  @CsvSource({"16", "8"})
  void rowsAsTheyLie(int lanes) throws Exception {
    FloatTiles tiles = load(arena, new FloatTiles.Form(lanes, 4, 4, 64));
    RandomInput.check(300, input -> rows(tiles, input));
  }

  private static void rows(FloatTiles tiles, RandomInput input) {
    int rows = input.between(1, 4);
    int depth = input.between(0, 200);
    int distance = depth + input.between(0, 8);
    int skip = input.between(0, 4);
    int columns = 2 * tiles.form().lanes();
    try (Arena operands = Arena.ofShared()) {
      MemorySegment x = floats(operands, input.random(), skip + rows * distance);
      MemorySegment panel = floats(operands, input.random(), skip + depth * columns);
      MemorySegment c = result(operands, skip + rows * columns + 1);
      long at = skip * 4L;
      tiles.rows(rows, depth, x, at, distance * 4L, panel, at, c, at);
      String what = "depth " + depth + ", rows " + rows;
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          float sum = 0;
          for (int k = 0; k < depth; k++) {
            float weight = at(panel, skip + k * columns + column);
            sum = Math.fma(at(x, skip + row * distance + k), weight, sum);
          }
          assertEquals(sum, at(c, skip + row * columns + column), 0, what);
        }
      }
      untouched(c, skip, skip + rows * columns, what);
    }
  }

  /** Special numbers are those of Java's arithmetic. */
  @ParameterizedTest
  @CsvSource({"16", "8"})
  void specialNumbers(int lanes) throws Exception {
    FloatTiles tiles = load(arena, new FloatTiles.Form(lanes, 4, 4, 64));
    float[] special = {
      Float.NaN, Float.POSITIVE_INFINITY, -0f, Float.MIN_VALUE, Float.MAX_VALUE, 1e-38f
    };
    for (float left : special) {
      for (float right : special) {
        MemorySegment x = arena.allocateFrom(ValueLayout.JAVA_FLOAT, left);
        MemorySegment panel = floats(arena, random, 2 * lanes);
        panel.setAtIndex(ValueLayout.JAVA_FLOAT, 3, right);
        MemorySegment c = result(arena, 2 * lanes);
        tiles.rows(1, 1, x, 0, 4, panel, 0, c, 0);
        assertEquals(Math.fma(left, right, 0f), at(c, 3), 0);
      }
    }
  }

  /** No operand is read or written beyond its end. */
  @ParameterizedTest
  @CsvSource({"16", "8"})
  void operandsThatAreTooShortAreRefused(int lanes) throws Exception {
    FloatTiles tiles = load(arena, new FloatTiles.Form(lanes, 4, 4, 64));
    MemorySegment x = floats(arena, random, 64);
    MemorySegment panel = floats(arena, random, 8 * 2 * lanes);
    MemorySegment c = result(arena, 4 * 2 * lanes);
    MemorySegment rows = MemorySegment.ofArray(new float[3 * 64 + 8]);
    tiles.strided(4, 8, rows, 0, panel, 0, panel, 0, 0, c, 0);
    Class<IndexOutOfBoundsException> refusal = IndexOutOfBoundsException.class;
    assertThrows(refusal, () -> tiles.strided(4, 8, rows, 1, panel, 0, panel, 0, 0, c, 0));
    assertThrows(refusal, () -> tiles.strided(4, 8, rows, 0, panel, 4, panel, 0, 0, c, 0));
    assertThrows(refusal, () -> tiles.strided(4, 8, rows, 0, panel, 0, panel, 0, 0, c, 4));
    assertThrows(refusal, () -> tiles.rows(4, 8, x, 0, 19 * 4, panel, 0, c, 0));
    assertThrows(refusal, () -> tiles.rows(4, 8, x, 0, 8 * 4, panel, 4, c, 0));
    assertThrows(refusal, () -> tiles.rows(4, 8, x, 0, 8 * 4, panel, 0, c, 4));
    assertThrows(refusal, () -> tiles.touchPages(panel, 4, panel.byteSize()));
    tiles.touchPages(panel, 0, panel.byteSize());
  }
}
