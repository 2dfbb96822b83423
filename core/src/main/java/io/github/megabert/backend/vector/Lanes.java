// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vectors of this machine.
 *
 * <p>A rule for every kernel here: in a loop, the receiver is the vector just made, never the
 * accumulator ({@code sum = x.add(sum)}). C2 knows the exact class of the former; the latter is a
 * value of two origins, and without a profile its calls stay virtual and box a vector each.
 * Another: no helper returns a constant vector, since one that is compiled before its caller may
 * stay a call, and box what it returns.
 */
public final class Lanes {
  /** The widest vectors that the JVM uses here. */
  public static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  /** Floats in a vector. */
  public static final int COUNT = SPECIES.length();

  /** Bytes of a vector. */
  public static final int VECTOR_BYTES = COUNT * Float.BYTES;

  /** Columns of a panel of packed weights: two vectors. */
  public static final int PANEL = 2 * COUNT;

  /** Bytes of a row of a panel. */
  public static final int PANEL_BYTES = PANEL * Float.BYTES;

  /** Vector registers: AVX-512 and NEON have 32, AVX2 has 16. */
  public static final int REGISTERS =
      COUNT >= 16 || System.getProperty("os.arch", "").equals("aarch64") ? 32 : 16;

  /** Little-endian, as every float in this project's memory. */
  public static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  /** One float, at any address. */
  public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ORDER);

  private static final int PANEL_BITS = Integer.numberOfTrailingZeros(PANEL);

  private Lanes() {}

  /**
   * Where the i-th number lies of those that begin at {@code offset} in panels.
   *
   * @param step bytes from a panel's numbers to those of the next
   */
  public static long inPanels(long offset, long step, int i) {
    return offset + (i >> PANEL_BITS) * step + (i & (PANEL - 1)) * (long) Float.BYTES;
  }

  /** {@code count} rounded up to whole panels. */
  public static int padToPanel(int count) {
    return Math.ceilDiv(count, PANEL) * PANEL;
  }

  /**
   * The sum of the floats of a vector that was stored at {@code offset}, always in the same order.
   * {@code reduceLanes} promises no order, and interpreted and compiled code in fact differ.
   */
  public static float sum(MemorySegment memory, long offset) {
    float first = 0;
    float second = 0;
    float third = 0;
    float fourth = 0;
    for (int i = 0; i < COUNT; i += 4) {
      long at = offset + (long) i * Float.BYTES;
      first += memory.get(FLOAT, at);
      second += memory.get(FLOAT, at + 4);
      third += memory.get(FLOAT, at + 8);
      fourth += memory.get(FLOAT, at + 12);
    }
    return (first + second) + (third + fourth);
  }

  /** The sum of {@link #COUNT} floats in the order of the other form. */
  public static float sum(float[] lanes) {
    float first = 0;
    float second = 0;
    float third = 0;
    float fourth = 0;
    for (int i = 0; i < COUNT; i += 4) {
      first += lanes[i];
      second += lanes[i + 1];
      third += lanes[i + 2];
      fourth += lanes[i + 3];
    }
    return (first + second) + (third + fourth);
  }
}
