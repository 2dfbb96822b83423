// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.testing.RandomInput;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TensorTest {
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16", "BF16", "F64"})
  void floatsComeBackAsTheirTypeHoldsThem(DType dtype) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(2, 2));
      assertEquals(0, tensor.segment().address() % 64);
      float[] values = {1.5f, -0.25f, 1024, Float.NaN};
      for (int i = 0; i < 4; i++) {
        tensor.setFloat(i, values[i]);
      }
      assertArrayEquals(values, tensor.toFloatArray());
      assertArrayEquals(new float[] {1024, Float.NaN}, tensor.rows(1, 2).toFloatArray());
    }
  }

  @Test
  void aTensorOfAClosedArenaIsRefused() {
    Tensor tensor;
    try (Arena arena = Arena.ofConfined()) {
      tensor = Tensor.ofFloats(arena, Shape.of(1), 1);
    }
    assertThrows(IllegalStateException.class, () -> tensor.getFloat(0));
  }

  @Test
  void aSegmentOfAnotherSizeIsRefused() {
    MemorySegment segment = MemorySegment.ofArray(new float[3]);
    IllegalArgumentException refusal =
        assertThrows(
            IllegalArgumentException.class, () -> Tensor.wrap(segment, DType.F32, Shape.of(2, 2)));
    assertEquals(
        "a F32 tensor of shape [2, 2] needs 16 bytes, the segment has 12", refusal.getMessage());
  }

  @Test
  void aShapeThatOverflowsIsRefused() {
    assertThrows(ArithmeticException.class, () -> Shape.of(1L << 40, 1L << 40));
    assertThrows(IllegalArgumentException.class, () -> Shape.of(2, -1));
    assertEquals(1, Shape.of().elements());
    assertEquals(0, Shape.of(1L << 40, 0, 1L << 40).elements());
  }

  @Test
  void bfloat16RoundsToTheNearestAndTiesToEven() {
    RandomInput.check(
        1000,
        input -> {
          float value = input.anyFloat();
          checkBFloat16(value);
          // Half-way between two: chance hardly draws it.
          checkBFloat16(
              Float.intBitsToFloat((Float.floatToRawIntBits(value) & 0xffff_0000) | 0x8000));
        });
  }

  private static void checkBFloat16(float value) {
    float rounded = BFloat16.toFloat(BFloat16.fromFloat(value));
    if (Float.isNaN(value)) {
      assertEquals(Float.NaN, rounded);
      return;
    }
    int bits = Float.floatToRawIntBits(value);
    float below = Float.intBitsToFloat(bits & 0xffff_0000);
    float above = Float.intBitsToFloat((bits & 0xffff_0000) + 0x1_0000);
    double down = Math.abs((double) value - below);
    double up = Math.abs((double) value - above);
    if (Float.isFinite(above)) {
      float expected = down < up || (down == up && ((bits >>> 16) & 1) == 0) ? below : above;
      assertEquals(expected, rounded);
    }
  }
}
