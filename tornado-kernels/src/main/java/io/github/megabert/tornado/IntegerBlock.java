package io.github.megabert.tornado;

import java.util.Arrays;

/**
 * The integers of one computation, section after section, in one array: one copy to the device a
 * computation, however many operations read from it. Computations hand a block on, so that the next
 * one finds it large enough.
 */
final class IntegerBlock {
  private int[] values = new int[256];
  private int size;

  /** Begins a section of {@code count} integers, all {@code filler}; returns where it begins. */
  int section(int count, int filler) {
    int start = reserve(count);
    Arrays.fill(values, start, size, filler);
    return start;
  }

  /** A section of {@code count} integers that begins with {@code contents}. */
  int section(int[] contents, int count, int filler) {
    int start = reserve(count);
    System.arraycopy(contents, 0, values, start, contents.length);
    Arrays.fill(values, start + contents.length, size, filler);
    return start;
  }

  /** Adds a copy of integers that an earlier block had at the same place. */
  void append(int[] contents) {
    int start = reserve(contents.length);
    System.arraycopy(contents, 0, values, start, contents.length);
  }

  /** A copy of everything from an index on. */
  int[] from(int index) {
    return Arrays.copyOfRange(values, index, size);
  }

  private int reserve(int count) {
    int start = size;
    size = Math.addExact(size, count);
    if (size > values.length) {
      values = Arrays.copyOf(values, Math.max(size, 2 * values.length));
    }
    return start;
  }

  /** Sets one integer of a section. */
  void set(int index, int value) {
    values[index] = value;
  }

  /** Sets {@code count} integers from an index on to {@code first}, {@code first + 1} and so on. */
  void ramp(int index, int count, int first) {
    int[] target = values;
    for (int i = 0; i < count; i++) {
      target[index + i] = first + i;
    }
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
