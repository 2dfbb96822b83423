// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.util.List;

/**
 * A text and several continuations, one of which is right.
 *
 * @param choices at least two
 * @param label index of the right choice
 */
public record ChoiceExample(String prompt, List<String> choices, int label) implements Example {
  /**
   * @throws IllegalArgumentException if there are fewer than two choices or the label is none of
   *     them
   */
  public ChoiceExample {
    choices = List.copyOf(choices);
    if (choices.size() < 2) {
      throw new IllegalArgumentException("at least 2 choices are needed, not " + choices.size());
    }
    if (label < 0 || label >= choices.size()) {
      throw new IllegalArgumentException(
          "the label counts choices from 0 to " + (choices.size() - 1) + ", it is not " + label);
    }
  }
}
