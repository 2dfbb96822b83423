// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.gemm;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.Precision;
import io.github.megabert.backend.vector.memory.FloatArrays;
import io.github.megabert.tensor.BFloat16;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Panels of 16-bit and 8-bit weights, laid out for the kernels that expand them.
 *
 * <p>16 bits: a row of a panel is one vector of 32-bit words; word l holds column l below and
 * column {@code COUNT + l} above, so that whole vectors expand by shifts. 8 bits: a row of a panel
 * is its bytes.
 *
 * <p>8-bit weights are symmetric, {@code w ≈ scale·q} with q from -127 to 127 and a scale for every
 * {@value #GROUP} inputs of a channel: with one scale a channel the largest of a thousand weights
 * would set the step of all.
 */
public final class NarrowWeights {
  /** Inputs that share a scale. */
  public static final int GROUP = 128;

  private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ORDER);

  /** The words of a panel's row in 16 bits. */
  static final VectorSpecies<Integer> WORDS = IntVector.SPECIES_PREFERRED;

  /** The half of a word that holds the second column. */
  static final int UPPER = 0xffff0000;

  private NarrowWeights() {}

  /** Bytes of {@code rows} rows of a panel. */
  public static long bytes(Precision precision, int rows) {
    return switch (precision) {
      case BF16, F16 -> (long) rows * PANEL_BYTES / 2;
      case INT8 -> (long) rows * PANEL;
      default -> (long) rows * PANEL_BYTES;
    };
  }

  /** {@code rows} rows of a panel in float32 or bfloat16, as float32. */
  static float[] read(Precision precision, MemorySegment panel, long offset, int rows) {
    return precision == Precision.BF16
        ? readBFloat16s(panel, offset, rows)
        : FloatArrays.read(panel, offset, rows * PANEL);
  }

  private static float[] readBFloat16s(MemorySegment words, long offset, int rows) {
    int[] packed = readWords(words, offset, rows);
    float[] panel = new float[rows * PANEL];
    for (int i = 0; i < packed.length; i++) {
      int to = i / COUNT * PANEL + i % COUNT;
      panel[to] = Float.intBitsToFloat(packed[i] << 16);
      panel[to + COUNT] = Float.intBitsToFloat(packed[i] & UPPER);
    }
    return panel;
  }

  /** {@code rows} rows of a panel in binary16, as float32. */
  static float[] readHalves(MemorySegment words, long offset, int rows) {
    int[] packed = readWords(words, offset, rows);
    float[] panel = new float[rows * PANEL];
    for (int i = 0; i < packed.length; i++) {
      int to = i / COUNT * PANEL + i % COUNT;
      panel[to] = Float.float16ToFloat((short) packed[i]);
      panel[to + COUNT] = Float.float16ToFloat((short) (packed[i] >>> 16));
    }
    return panel;
  }

  private static int[] readWords(MemorySegment words, long offset, int rows) {
    int[] packed = new int[rows * COUNT];
    MemorySegment.copy(words, WORD, offset, packed, 0, packed.length);
    return packed;
  }

  /** {@code rows} rows of a panel in 8 bits, as float32 without their scales. */
  static float[] readBytes(MemorySegment bytes, long offset, int rows) {
    byte[] packed = new byte[rows * PANEL];
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, offset, packed, 0, packed.length);
    float[] panel = new float[packed.length];
    for (int i = 0; i < panel.length; i++) {
      panel[i] = packed[i];
    }
    return panel;
  }

  /**
   * Stores rows of a panel in 16 bits.
   *
   * @param columns {@code [count, PANEL]}
   * @throws IllegalArgumentException if a weight is beyond the range of binary16
   */
  static void storeHalves(
      Precision precision, float[] columns, int count, MemorySegment words, long offset) {
    int[] packed = new int[count * COUNT];
    for (int i = 0; i < packed.length; i++) {
      int at = i / COUNT * PANEL + i % COUNT;
      packed[i] = bits(precision, columns[at]) | bits(precision, columns[at + COUNT]) << 16;
    }
    MemorySegment.copy(packed, 0, words, WORD, offset, packed.length);
  }

  private static int bits(Precision precision, float weight) {
    if (precision == Precision.BF16) {
      return BFloat16.fromFloat(weight) & 0xffff;
    }
    int half = Float.floatToFloat16(weight) & 0xffff;
    if ((half & 0x7c00) == 0x7c00) {
      throw new IllegalArgumentException(
          "the weight " + weight + " does not fit into f16; use bf16 or f32");
    }
    return half;
  }

  /**
   * Stores a group's rows of a panel in 8 bits.
   *
   * @param columns {@code [count, PANEL]}
   */
  static void storeBytes(
      float[] columns,
      int count,
      MemorySegment bytes,
      long offset,
      MemorySegment scales,
      long scaleOffset) {
    float[] scale = scales(columns, count);
    byte[] quantized = new byte[count * PANEL];
    for (int i = 0; i < quantized.length; i++) {
      quantized[i] = (byte) quantize(columns[i], scale[i % PANEL]);
    }
    MemorySegment.copy(scale, 0, scales, FLOAT, scaleOffset, PANEL);
    MemorySegment.copy(quantized, 0, bytes, ValueLayout.JAVA_BYTE, offset, quantized.length);
  }

  /** The scale of each column of a group, of which the largest weight becomes 127. */
  static float[] scales(float[] columns, int count) {
    float[] scale = new float[PANEL];
    for (int i = 0; i < count * PANEL; i++) {
      scale[i % PANEL] = Math.max(scale[i % PANEL], Math.abs(columns[i]));
    }
    for (int n = 0; n < PANEL; n++) {
      scale[n] /= 127;
    }
    return scale;
  }

  /** A weight in steps of its scale. */
  static int quantize(float weight, float scale) {
    return scale == 0 ? 0 : Math.clamp(Math.round(weight / scale), -127, 127);
  }
}
