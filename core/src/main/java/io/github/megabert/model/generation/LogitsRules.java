// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model.generation;

import java.util.Arrays;

/**
 * Rules that change the logits of the next token, in transformers' order: repetition penalty,
 * n-grams, least length; and rows that are no tokens.
 */
final class LogitsRules {
  private final GenerationOptions options;
  private final int[] padding;

  /**
   * @param padding ids that are no tokens, ascending
   */
  LogitsRules(GenerationOptions options, int[] padding) {
    this.options = options;
    this.padding = padding;
  }

  GenerationOptions options() {
    return options;
  }

  /** Whether the id is no token, and thus never chosen. */
  boolean isPadding(int id) {
    return Arrays.binarySearch(padding, id) >= 0;
  }

  /** Applies all rules to the scores of the token that follows {@code sequence}. */
  void apply(TokenSequence sequence, float[] scores) {
    if (options.repetitionPenalty() != 1) {
      penaliseRepetition(sequence, scores);
    }
    if (options.noRepeatNgramSize() > 0) {
      banRepeatedNgrams(sequence, scores);
    }
    if (sequence.newTokens() < options.minNewTokens()) {
      for (int end : options.endTokens()) {
        scores[end] = Float.NEGATIVE_INFINITY;
      }
    }
    for (int id : padding) {
      scores[id] = Float.NEGATIVE_INFINITY;
    }
  }

  /** Keskar et al. 2019, CTRL, section 4.1. */
  private void penaliseRepetition(TokenSequence sequence, float[] scores) {
    float penalty = (float) options.repetitionPenalty();
    boolean[] seen = new boolean[scores.length];
    for (int i = 0; i < sequence.length(); i++) {
      int token = sequence.get(i);
      if (!seen[token]) {
        seen[token] = true;
        scores[token] = scores[token] < 0 ? scores[token] * penalty : scores[token] / penalty;
      }
    }
  }

  private void banRepeatedNgrams(TokenSequence sequence, float[] scores) {
    int prefix = options.noRepeatNgramSize() - 1;
    int lastStart = sequence.length() - prefix;
    for (int start = 0; start < lastStart; start++) {
      boolean same = true;
      for (int i = 0; i < prefix && same; i++) {
        same = sequence.get(start + i) == sequence.get(lastStart + i);
      }
      if (same) {
        scores[sequence.get(start + prefix)] = Float.NEGATIVE_INFINITY;
      }
    }
  }
}
