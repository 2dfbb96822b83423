// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.ProblemType;

/** What makes scores of a classification head's logits. */
public enum ScoreFunction {
  /** Probabilities of classes that exclude each other: they sum to 1. */
  SOFTMAX,
  /** A probability a class, each by itself. */
  SIGMOID,
  /** The logits themselves. */
  NONE;

  /**
   * What transformers applies: nothing to a regression, the sigmoid to independent labels or a
   * single one, otherwise softmax.
   */
  static ScoreFunction of(MegatronBertConfig config) {
    String type = config.problemType().orElse("");
    if (type.equals(ProblemType.REGRESSION.configName())) {
      return NONE;
    }
    return type.equals(ProblemType.MULTI_LABEL.configName()) || config.numLabels() == 1
        ? SIGMOID
        : SOFTMAX;
  }

  /** Scores of logits. */
  float[] apply(float[] logits) {
    return switch (this) {
      case SOFTMAX -> Softmax.of(logits);
      case SIGMOID -> {
        float[] scores = new float[logits.length];
        for (int i = 0; i < logits.length; i++) {
          scores[i] = (float) (1 / (1 + Math.exp(-logits[i])));
        }
        yield scores;
      }
      case NONE -> logits.clone();
    };
  }
}
