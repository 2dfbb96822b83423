// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import java.util.Arrays;

/** What pre-training learns. */
public enum Objective {
  /** Masked words, and whether two segments were exchanged. */
  MASKED_WORDS_AND_ORDER("mlm+sop"),
  /** Masked words. */
  MASKED_WORDS("mlm"),
  /** The next token. */
  CAUSAL("clm");

  private final String optionName;

  Objective(String optionName) {
    this.optionName = optionName;
  }

  /** The name that a command's option has for it. */
  public String optionName() {
    return optionName;
  }

  /**
   * The objective that an option names.
   *
   * @throws IllegalArgumentException if there is none; the message lists those there are
   */
  public static Objective ofOptionName(String name) {
    for (Objective objective : values()) {
      if (objective.optionName.equals(name)) {
        return objective;
      }
    }
    throw new IllegalArgumentException(
        "unknown objective \""
            + name
            + "\"; known are "
            + String.join(", ", Arrays.stream(values()).map(Objective::optionName).toList()));
  }
}
