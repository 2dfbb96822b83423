// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The integers of one computation, section after section: one copy to the device a computation,
 * however many operations read from it. Sections that a caller brings are copied once, when the
 * block is. Computations hand a block on, so that the next one finds it large enough.
 */
public final class IntegerBlock {
  /**
   * A section that another array holds, with fillers behind it.
   *
   * @param at where in the block it begins
   * @param size of the section
   * @param constant whether the contents never change
   */
  record Brought(int at, int[] contents, int size, int filler, boolean constant) {}

  private final List<Brought> brought = new ArrayList<>();
  private int[] values = new int[256];
  private int size;

  /** Begins a section of {@code count} integers, all {@code filler}; returns where it begins. */
  public int section(int count, int filler) {
    int start = reserve(count);
    if (size > values.length) {
      values = Arrays.copyOf(values, Math.max(size, 2 * values.length));
    }
    Arrays.fill(values, start, size, filler);
    return start;
  }

  /**
   * A section of {@code count} integers that begins with {@code contents}, which must not change
   * before the block has been copied.
   */
  public int section(int[] contents, int count, int filler) {
    int start = reserve(count);
    brought.add(new Brought(start, contents, count, filler, false));
    return start;
  }

  /** Adds integers that an earlier block had at the same place and that never change. */
  public void append(int[] contents) {
    int start = reserve(contents.length);
    brought.add(new Brought(start, contents, contents.length, 0, true));
  }

  /** A copy of everything from an index on, sections that were brought aside. */
  public int[] from(int index) {
    return Arrays.copyOfRange(values, index, size);
  }

  private int reserve(int count) {
    int start = size;
    size = Math.addExact(size, count);
    return start;
  }

  /** Sets one integer of a section that the block holds itself. */
  public void set(int index, int value) {
    values[index] = value;
  }

  /** One integer of a section that the block holds itself. */
  public int get(int index) {
    return values[index];
  }

  /** Sets {@code count} integers from an index on to {@code first}, {@code first + 1} and so on. */
  public void ramp(int index, int count, int first) {
    int[] target = values;
    for (int i = 0; i < count; i++) {
      target[index + i] = first + i;
    }
  }

  /** Integers in all sections. */
  public int size() {
    return size;
  }

  /** Where the first section ends that another array holds, and how much there is if none does. */
  int firstBroughtEnd() {
    return brought.isEmpty() ? size : brought.getFirst().at + brought.getFirst().size;
  }

  /** Sections that other arrays hold, in the order of their places. */
  List<Brought> brought() {
    return brought;
  }

  /**
   * Copies the sections from {@code start} up to {@code end}, exclusive, between which whole ones
   * lie.
   *
   * @param present what the target holds from an earlier block's {@link #brought}: constants that
   *     lie there already are not copied again
   */
  public void copyTo(MemorySegment target, int start, int end, List<Brought> present) {
    int from = start;
    for (int i = 0; i < brought.size(); i++) {
      Brought section = brought.get(i);
      if (section.at < start || section.at >= end) {
        continue;
      }
      copy(values, from, target, from, section.at - from);
      from = section.at + section.size;
      // Equal to itself only, as arrays are.
      if (section.constant && i < present.size() && section.equals(present.get(i))) {
        continue;
      }
      copy(section, target);
    }
    copy(values, from, target, from, end - from);
  }

  private static void copy(Brought section, MemorySegment target) {
    int length = section.contents.length;
    copy(section.contents, 0, target, section.at, length);
    for (int i = section.at + length; i < section.at + section.size; i++) {
      target.setAtIndex(ValueLayout.JAVA_INT, i, section.filler);
    }
  }

  /** Whether a target holds what the sections from {@code from} on say, where one begins. */
  boolean liesIn(MemorySegment target, int from) {
    int at = from;
    for (Brought section : brought) {
      if (section.at < from) {
        continue;
      }
      int length = section.contents.length;
      if (differs(values, at, target, at, section.at - at)
          || differs(section.contents, 0, target, section.at, length)) {
        return false;
      }
      at = section.at + section.size;
      for (int rest = section.at + length; rest < at; rest++) {
        if (target.getAtIndex(ValueLayout.JAVA_INT, rest) != section.filler) {
          return false;
        }
      }
    }
    return !differs(values, at, target, at, size - at);
  }

  private static boolean differs(int[] source, int from, MemorySegment target, int to, int count) {
    return count > 0
        && MemorySegment.ofArray(source)
                .asSlice((long) from * Integer.BYTES, (long) count * Integer.BYTES)
                .mismatch(target.asSlice((long) to * Integer.BYTES, (long) count * Integer.BYTES))
            >= 0;
  }

  private static void copy(int[] source, int from, MemorySegment target, int to, int count) {
    if (count > 0) {
      MemorySegment.copy(
          source, from, target, ValueLayout.JAVA_INT, (long) to * Integer.BYTES, count);
    }
  }

  /** Forgets all sections. */
  void clear() {
    size = 0;
    brought.clear();
  }
}
