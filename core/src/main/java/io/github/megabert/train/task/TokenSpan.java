// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.train.data.QuestionExample;

/**
 * Where an answer stands in a window.
 *
 * @param first its first token, counted from the window's first
 * @param last its last token
 */
record TokenSpan(int first, int last) {
  /** {@code [CLS]}, which stands for "no answer here". */
  static final TokenSpan NONE = new TokenSpan(0, 0);

  /**
   * The tokens of the first answer, or {@link #NONE} if there is none or it is not in the window as
   * a whole.
   */
  static TokenSpan of(Encoding window, QuestionExample example) {
    if (example.answers().isEmpty()) {
      return NONE;
    }
    QuestionExample.Answer answer = example.answers().getFirst();
    int begin = answer.start();
    int end = begin + answer.text().length();
    // Tokens never hold the white space around them.
    while (begin < end && Character.isWhitespace(example.context().charAt(begin))) {
      begin++;
    }
    while (end > begin && Character.isWhitespace(example.context().charAt(end - 1))) {
      end--;
    }
    int first = -1;
    int last = -1;
    boolean beginsInside = false;
    boolean endsInside = false;
    for (int t = 0; t < window.size(); t++) {
      if (window.sequenceIds()[t] != 1) {
        continue;
      }
      beginsInside |= window.charStart()[t] <= begin;
      endsInside |= window.charEnd()[t] >= end;
      if (first < 0 && window.charEnd()[t] > begin) {
        first = t;
      }
      if (window.charStart()[t] < end) {
        last = t;
      }
    }
    return beginsInside && endsInside && first >= 0 && first <= last
        ? new TokenSpan(first, last)
        : NONE;
  }
}
