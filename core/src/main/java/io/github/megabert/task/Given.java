// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Refuses nulls, which callers that are not checked for them pass where their data has gaps. */
final class Given {
  private Given() {}

  /**
   * The value.
   *
   * @param what its name in the message
   * @throws IllegalArgumentException if it is null
   */
  static <T> T given(String what, @Nullable T value) {
    if (value == null) {
      throw new IllegalArgumentException(what + " is null; give one, or leave the input out");
    }
    return value;
  }

  /**
   * A copy of the values.
   *
   * @param what the name of one in the message
   * @throws IllegalArgumentException if the list is null, or one in it
   */
  static <T> List<T> all(String what, @Nullable List<? extends @Nullable T> values) {
    if (values == null) {
      throw new IllegalArgumentException(
          "there is no list for " + what + " 0 and those after it, but null; give a list");
    }
    for (int i = 0; i < values.size(); i++) {
      given(what + " " + i, values.get(i));
    }
    return List.copyOf(values);
  }
}
