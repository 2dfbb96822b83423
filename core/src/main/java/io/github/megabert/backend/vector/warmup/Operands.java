// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.warmup;

import io.github.megabert.backend.vector.Lanes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What kernels are exercised on: memory, and sizes that differ from call to call so that whole
 * panels and what is left over, one tile and several, are all met.
 *
 * <p>The first {@value #SMALL_CALLS} calls of a kernel are small. A loop of many turns is compiled
 * for its own sake first, for the call that is under way, which costs C2 up to five times what the
 * method itself does and serves no later call. So the JVM shall notice the calls before it notices
 * the loops. Small calls prove nothing: what is small is fast in the first compiler's version too.
 */
public final class Operands {
  /** Bytes from a row of {@link #input} or {@link #output} to the next. */
  public static final long STRIDE = 4096;

  /** Rows that these hold, and {@link #floats} at a distance of {@link #FLOATS}. */
  private static final int ROWS = 32;

  /** Floats a row of {@link #floats}. */
  private static final int FLOATS = 1100;

  private static final int SMALL_CALLS = 200;
  private static final int DEPTH = 48;
  private static final int SMALL_DEPTH = 4;

  /**
   * So many that the calls of the warm-up are enough for C2 by the JVM's own thresholds, which
   * count a loop's turns too: of short rows, LayerNorm was not compiled for a minute.
   */
  private static final int WHOLE_PANELS = 32 * Lanes.COUNT;

  private static final int ODD_COUNT = 33 * Lanes.COUNT + 3;
  private static final int SMALL_WHOLE_PANELS = 2 * Lanes.COUNT;
  private static final int SMALL_ODD_COUNT = Lanes.COUNT + 3;

  private final MemorySegment input;
  private final MemorySegment weights;
  private final MemorySegment scratch;
  private final MemorySegment output;
  private final float[] floats = new float[ROWS * FLOATS];
  private int call;

  Operands(Arena arena) {
    input = arena.allocate(ROWS * STRIDE, 64);
    weights = arena.allocate(ROWS * STRIDE, 64);
    scratch = arena.allocate(ROWS * STRIDE, 64);
    output = arena.allocate(ROWS * STRIDE, 64);
  }

  /** Sets the sizes for a kernel's call of this number. */
  void next(int number) {
    call = number;
  }

  boolean isSmall() {
    return call < SMALL_CALLS;
  }

  /** The number of the call, for what more there is to vary. */
  public int call() {
    return call;
  }

  /** The one on every second call, the other on the calls between. */
  public int either(int even, int odd) {
    return call % 2 == 0 ? even : odd;
  }

  /** Columns of a row: whole panels, or some and a rest. */
  public int count() {
    return isSmall()
        ? either(SMALL_WHOLE_PANELS, SMALL_ODD_COUNT)
        : either(WHOLE_PANELS, ODD_COUNT);
  }

  /** Inputs of a product; weights hold as many rows of a panel. */
  public int depth() {
    return isSmall() ? SMALL_DEPTH : DEPTH;
  }

  /** Rows to read. */
  public MemorySegment input() {
    return input;
  }

  /** Weights, scales and biases to read. */
  public MemorySegment weights() {
    return weights;
  }

  /** What kernels need for themselves. */
  public MemorySegment scratch() {
    return scratch;
  }

  /** Rows to write. */
  public MemorySegment output() {
    return output;
  }

  /** Rows in an array, to read or to write. */
  public float[] floats() {
    return floats;
  }
}
