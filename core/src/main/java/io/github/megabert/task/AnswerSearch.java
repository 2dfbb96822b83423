// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.task.QuestionAnswering.Answer;
import io.github.megabert.tokenizer.Encoding;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Looks for the best answers in one window, by the rule of transformers 4.57.
 *
 * <p>Only {@code [CLS]} and the context's tokens take part in the softmax over starts and in that
 * over ends. The product of {@code [CLS]} is the score of "no answer". A candidate is any stretch
 * of context tokens; its score is the product of its first token's start probability and its last
 * token's end probability.
 *
 * @param window the question and a part of the context
 * @param start probability of each token to be the first; 0 outside the context
 * @param end probability of each token to be the last; 0 outside the context
 * @param impossibleScore the score of "no answer"
 */
record AnswerSearch(Encoding window, double[] start, double[] end, float impossibleScore) {
  private static final int CLS = 0;

  /** A stretch of tokens, both ends included. */
  private record Candidate(int first, int last, double score) {}

  /** The search with the logits of the window's tokens. */
  static AnswerSearch of(Encoding window, float[] startLogits, float[] endLogits) {
    double[] start = probabilities(window, startLogits);
    double[] end = probabilities(window, endLogits);
    float impossible = (float) (start[CLS] * end[CLS]);
    start[CLS] = 0;
    end[CLS] = 0;
    return new AnswerSearch(window, start, end, impossible);
  }

  private static double[] probabilities(Encoding window, float[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (int t = 0; t < logits.length; t++) {
      if (takesPart(window, t)) {
        max = Math.max(max, logits[t]);
      }
    }
    double[] probabilities = new double[logits.length];
    double sum = 0;
    for (int t = 0; t < logits.length; t++) {
      if (takesPart(window, t)) {
        probabilities[t] = Math.exp(logits[t] - max);
        sum += probabilities[t];
      }
    }
    for (int t = 0; t < logits.length; t++) {
      probabilities[t] /= sum;
    }
    return probabilities;
  }

  private static boolean takesPart(Encoding window, int token) {
    return token == CLS || window.sequenceIds()[token] == 1;
  }

  /** The best stretches, the best first; of equal scores the earlier one. */
  List<Answer> best(String context, int count, int maxLength, boolean alignToWords) {
    PriorityQueue<Candidate> kept =
        new PriorityQueue<>(Comparator.comparingDouble(Candidate::score));
    for (int first = 0; first < start.length; first++) {
      if (window.sequenceIds()[first] != 1) {
        continue;
      }
      for (int last = first; last < Math.min(start.length, first + maxLength); last++) {
        if (window.sequenceIds()[last] != 1) {
          break;
        }
        double score = start[first] * end[last];
        if (kept.size() < count) {
          kept.add(new Candidate(first, last, score));
        } else if (score > kept.element().score()) {
          kept.remove();
          kept.add(new Candidate(first, last, score));
        }
      }
    }
    List<Candidate> sorted = new ArrayList<>(kept);
    sorted.sort(
        Comparator.comparingDouble(Candidate::score)
            .reversed()
            .thenComparingInt(Candidate::first)
            .thenComparingInt(Candidate::last));
    return sorted.stream().map(candidate -> answer(context, candidate, alignToWords)).toList();
  }

  /** A candidate, or the whole words that it touches, as far as they are in the window. */
  private Answer answer(String context, Candidate candidate, boolean alignToWords) {
    int first = candidate.first();
    while (alignToWords && sameWord(first, first - 1)) {
      first--;
    }
    int last = candidate.last();
    while (alignToWords && last + 1 < start.length && sameWord(last, last + 1)) {
      last++;
    }
    TextSpan span =
        new TextSpan(
            window.charStart()[first],
            window.charEnd()[last],
            window.codePointStart()[first],
            window.codePointEnd()[last]);
    return new Answer((float) candidate.score(), span, span.of(context));
  }

  private boolean sameWord(int token, int other) {
    return window.sequenceIds()[other] == 1 && window.wordIds()[other] == window.wordIds()[token];
  }
}
