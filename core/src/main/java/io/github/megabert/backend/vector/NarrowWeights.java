package io.github.megabert.backend.vector;

import static io.github.megabert.backend.vector.Lanes.COUNT;
import static io.github.megabert.backend.vector.Lanes.FLOAT;
import static io.github.megabert.backend.vector.Lanes.ORDER;
import static io.github.megabert.backend.vector.Lanes.PANEL;
import static io.github.megabert.backend.vector.Lanes.PANEL_BYTES;

import io.github.megabert.backend.Precision;
import io.github.megabert.tensor.BFloat16;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Panels of 16-bit and 8-bit weights, laid out so that whole vectors of 32-bit words expand by
 * shifts alone.
 *
 * <p>16 bits: a row of a panel is one vector of words; word l holds column l below and column
 * {@code COUNT + l} above. 8 bits: a vector of words holds two rows, in bytes from the lowest: row
 * k column l, row k column {@code COUNT + l}, row k + 1 column l, row k + 1 column {@code COUNT +
 * l}; an odd last row is followed by zeros.
 *
 * <p>8-bit weights are symmetric, {@code w ≈ scale·q} with q from -127 to 127 and a scale for every
 * {@value #GROUP} inputs of a channel: with one scale a channel the largest of a thousand weights
 * would set the step of all.
 */
final class NarrowWeights {
  /** Inputs that share a scale. */
  static final int GROUP = 64;

  private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ORDER);

  private NarrowWeights() {}

  /** Bytes of {@code rows} rows of a panel. */
  static long bytes(Precision precision, int rows) {
    return switch (precision) {
      case BF16, F16 -> (long) rows * PANEL_BYTES / 2;
      case INT8 -> (rows + 1L) / 2 * PANEL_BYTES / 2;
      default -> (long) rows * PANEL_BYTES;
    };
  }

  /**
   * Stores a panel of float32.
   *
   * @throws IllegalArgumentException if a weight is beyond the range of binary16
   */
  static void store(
      Precision precision,
      MemorySegment panel,
      int rows,
      MemorySegment words,
      long offset,
      MemorySegment scales,
      long scaleOffset) {
    if (precision == Precision.INT8) {
      storeBytes(panel, rows, words, offset, scales, scaleOffset);
      return;
    }
    for (int k = 0; k < rows; k++) {
      for (int l = 0; l < COUNT; l++) {
        long at = (long) k * PANEL_BYTES + (long) l * Float.BYTES;
        int low = bits(precision, panel.get(FLOAT, at));
        int high = bits(precision, panel.get(FLOAT, at + Lanes.VECTOR_BYTES));
        words.set(WORD, offset + ((long) k * COUNT + l) * 4, low | high << 16);
      }
    }
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

  private static void storeBytes(
      MemorySegment panel,
      int rows,
      MemorySegment words,
      long offset,
      MemorySegment scales,
      long scaleOffset) {
    for (int first = 0; first < rows; first += GROUP) {
      int end = Math.min(rows, first + GROUP);
      long scaleRow = scaleOffset + (long) (first / GROUP) * PANEL_BYTES;
      for (int n = 0; n < PANEL; n++) {
        float largest = 0;
        for (int k = first; k < end; k++) {
          float weight = panel.get(FLOAT, (long) k * PANEL_BYTES + (long) n * Float.BYTES);
          largest = Math.max(largest, Math.abs(weight));
        }
        float scale = largest / 127;
        scales.set(FLOAT, scaleRow + (long) n * Float.BYTES, scale);
        for (int k = first; k < end; k++) {
          float weight = panel.get(FLOAT, (long) k * PANEL_BYTES + (long) n * Float.BYTES);
          int q = scale == 0 ? 0 : Math.round(weight / scale);
          int position = 2 * (k % 2) + n / COUNT;
          words.set(
              ValueLayout.JAVA_BYTE,
              offset + ((long) (k / 2) * COUNT + n % COUNT) * 4 + position,
              (byte) Math.clamp(q, -127, 127));
        }
      }
    }
  }
}
