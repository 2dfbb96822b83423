// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.util.ArrayList;
import java.util.List;

/** A place in the code that jumps go to. */
final class Label {
  private static final int UNKNOWN = -1;

  private final String name;

  /** Ends of the displacements that wait for the place. */
  private final List<Integer> jumps = new ArrayList<>();

  private int at = UNKNOWN;

  Label(String name) {
    this.name = name;
  }

  String name() {
    return name;
  }

  boolean isBound() {
    return at != UNKNOWN;
  }

  int at() {
    return at;
  }

  void waitFor(int end) {
    jumps.add(end);
  }

  /** Fixes the place; returns the ends of the displacements that now can be filled in. */
  List<Integer> bind(int place) {
    if (isBound()) {
      throw new IllegalStateException("the label " + name + " is bound already");
    }
    at = place;
    return jumps;
  }
}
