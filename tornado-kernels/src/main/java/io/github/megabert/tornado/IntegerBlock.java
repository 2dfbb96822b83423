package io.github.megabert.tornado;

import java.util.Arrays;

/**
 * The integers of one computation, section after section, in one array: one copy to the device a
 * computation, however many operations read from it.
 */
final class IntegerBlock {
  private int[] values = new int[256];
  private int size;

  /** Begins a section of {@code count} integers, all {@code filler}; returns where it begins. */
  int section(int count, int filler) {
    int start = size;
    size = Math.addExact(size, count);
    if (size > values.length) {
      values = Arrays.copyOf(values, Math.max(size, 2 * values.length));
    }
    Arrays.fill(values, start, size, filler);
    return start;
  }

  /** A section of {@code count} integers that begins with {@code contents}. */
  int section(int[] contents, int count, int filler) {
    int start = section(count, filler);
    System.arraycopy(contents, 0, values, start, contents.length);
    return start;
  }

  /** Sets one integer of a section. */
  void set(int index, int value) {
    values[index] = value;
  }

  /** Integers in all sections. */
  int size() {
    return size;
  }

  /** The integers; only the first {@link #size} count. */
  int[] values() {
    return values;
  }

  /** Forgets all sections. */
  void clear() {
    size = 0;
  }
}
