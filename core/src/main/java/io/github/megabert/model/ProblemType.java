// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.input.Quote;

/** What a sequence classification head predicts ({@code problem_type}), and so its loss. */
public enum ProblemType {
  /** Numbers; mean squared error. */
  REGRESSION("regression"),
  /** One class of several; cross entropy. */
  SINGLE_LABEL("single_label_classification"),
  /** Independent yes or no; binary cross entropy. */
  MULTI_LABEL("multi_label_classification");

  private final String configName;

  ProblemType(String configName) {
    this.configName = configName;
  }

  /** The name in a {@code config.json}. */
  public String configName() {
    return configName;
  }

  /**
   * The type of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static ProblemType ofConfigName(String name) {
    for (ProblemType type : values()) {
      if (type.configName.equals(name)) {
        return type;
      }
    }
    throw new IllegalArgumentException(
        "unknown problem_type "
            + Quote.quote(name)
            + "; known are regression, single_label_classification, multi_label_classification");
  }

  /** What transformers infers from the number of labels and the type of the labels given. */
  static ProblemType infer(int numLabels, boolean isFloating) {
    if (numLabels == 1) {
      return REGRESSION;
    }
    return isFloating ? MULTI_LABEL : SINGLE_LABEL;
  }
}
