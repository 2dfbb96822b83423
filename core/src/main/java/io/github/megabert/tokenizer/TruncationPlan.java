// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How many tokens of each text an encoding keeps, and the windows over the rest.
 *
 * @param keepFirst tokens kept of the first text
 * @param keepSecond tokens kept of the second text
 */
record TruncationPlan(int keepFirst, int keepSecond) {

  /** A stretch {@code [from, to)} of a text's tokens. */
  record Window(int from, int to) {}

  /**
   * Decides what to cut, as the reference's {@code truncate_encodings}.
   *
   * @param first tokens of the first text
   * @param second tokens of the second text, or −1 when there is none
   * @param room most tokens of both together
   * @throws IllegalArgumentException if the text that may be cut is too short, or is not there
   */
  static TruncationPlan of(Truncation truncation, int first, int second, int room) {
    int pair = Math.max(second, 0);
    int excess = first + pair - room;
    if (truncation == Truncation.NONE || excess <= 0) {
      return new TruncationPlan(first, pair);
    }
    return switch (truncation) {
      case ONLY_FIRST -> {
        refuseTooShort("first", first, excess);
        yield new TruncationPlan(first - excess, pair);
      }
      case ONLY_SECOND -> {
        if (second < 0) {
          throw new IllegalArgumentException(
              "Truncation ONLY_SECOND needs a second text; this encoding has "
                  + (first - room)
                  + " tokens too many in its only one.");
        }
        refuseTooShort("second", second, excess);
        yield new TruncationPlan(first, second - excess);
      }
      default -> {
        if (second < 0 || room == 0) {
          yield new TruncationPlan(second < 0 ? room : 0, 0);
        }
        int shorter = Math.min(first, second);
        int longer = Math.max(shorter, room - shorter);
        if (shorter + longer > room) {
          shorter = room / 2;
          longer = shorter + room % 2;
        }
        yield first > second
            ? new TruncationPlan(longer, shorter)
            : new TruncationPlan(shorter, longer);
      }
    };
  }

  private static void refuseTooShort(String which, int tokens, int excess) {
    if (tokens <= excess) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%d tokens must be cut from the %s text, which has only %d; allow a greater "
                  + "length or truncate LONGEST_FIRST.",
              excess,
              which,
              tokens));
    }
  }

  /**
   * The windows after the first {@code keep} tokens, each repeating {@code stride} tokens of the
   * one before.
   *
   * @throws IllegalArgumentException if the stride leaves no room for new tokens
   */
  static List<Window> overflow(int tokens, int keep, int stride) {
    List<Window> windows = new ArrayList<>();
    if (keep >= tokens) {
      return windows;
    }
    if (keep == 0) {
      windows.add(new Window(0, tokens));
      return windows;
    }
    if (stride >= keep) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "A stride of %d leaves nothing new in a window of %d tokens; use a smaller "
                  + "stride or a greater length.",
              stride,
              keep));
    }
    int to = keep;
    for (int from = keep - stride; to < tokens; from += keep - stride) {
      to = Math.min(from + keep, tokens);
      windows.add(new Window(from, to));
    }
    return windows;
  }
}
