// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.util.List;

/** The right answer for a text. */
public sealed interface Target {
  /** One class of several that exclude each other. */
  record Label(String name) implements Target {}

  /** Every class that applies, each once; there may be none. */
  record Labels(List<String> names) implements Target {
    /** Copies the names. */
    public Labels {
      names = List.copyOf(names);
    }
  }

  /** A number, for regression. */
  record Value(double value) implements Target {}
}
