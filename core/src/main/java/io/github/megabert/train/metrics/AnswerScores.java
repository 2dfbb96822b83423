// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.metrics;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How well questions are answered, as SQuAD's official scorer ({@code evaluate-v2.0.py}) has it. An
 * answer is compared after normalisation with each right one, and the best agreement counts:
 * exactly or not, and by the F1 of their words. "No answer" is the empty text, right where there is
 * no answer.
 */
public final class AnswerScores {
  private static final String PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

  /**
   * The sums of several questions.
   *
   * @param exactMatches number of answers that match exactly
   * @param f1Sum sum of the answers' F1, each from 0 to 1
   */
  public record Scores(long questions, long exactMatches, double f1Sum) {
    private static final Scores NONE = new Scores(0, 0, 0);

    /** In percent, as the scorer prints it; 0 without questions. */
    public double exactMatch() {
      return 100 * ClassScore.share(exactMatches, questions);
    }

    /** The mean F1 in percent; 0 without questions. */
    public double f1() {
      return 100 * ClassScore.mean(f1Sum, questions);
    }

    private Scores plus(boolean exact, double f1) {
      return new Scores(questions + 1, exactMatches + (exact ? 1 : 0), f1Sum + f1);
    }
  }

  private Scores answerable = Scores.NONE;
  private Scores impossible = Scores.NONE;

  /** No answers yet. */
  public AnswerScores() {}

  /**
   * Counts a question.
   *
   * @param answers those that count as right; none for an impossible question
   * @param prediction the empty text for "no answer"
   */
  public void add(List<String> answers, String prediction) {
    List<List<String>> right = new ArrayList<>();
    for (String answer : answers) {
      List<String> words = words(answer);
      if (!words.isEmpty()) {
        right.add(words);
      }
    }
    if (right.isEmpty()) {
      right.add(List.of());
    }
    List<String> predicted = words(prediction);
    boolean exact = right.contains(predicted);
    double f1 = 0;
    for (List<String> words : right) {
      f1 = Math.max(f1, f1(words, predicted));
    }
    if (answers.isEmpty()) {
      impossible = impossible.plus(exact, f1);
    } else {
      answerable = answerable.plus(exact, f1);
    }
  }

  /** The scores of all questions. */
  public Scores all() {
    return new Scores(
        answerable.questions() + impossible.questions(),
        answerable.exactMatches() + impossible.exactMatches(),
        answerable.f1Sum() + impossible.f1Sum());
  }

  /** The scores of the questions that have answers. */
  public Scores answerable() {
    return answerable;
  }

  /** The scores of the questions that have none. */
  public Scores impossible() {
    return impossible;
  }

  /** {@code exact_match} and {@code f1}, in percent. */
  public Map<String, Double> byName() {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("exact_match", all().exactMatch());
    values.put("f1", all().f1());
    return values;
  }

  private static double f1(List<String> right, List<String> predicted) {
    if (right.isEmpty() || predicted.isEmpty()) {
      return right.equals(predicted) ? 1 : 0;
    }
    Map<String, Integer> left = new HashMap<>();
    right.forEach(word -> left.merge(word, 1, Integer::sum));
    int same = 0;
    for (String word : predicted) {
      if (left.merge(word, -1, Integer::sum) >= 0) {
        same++;
      }
    }
    double precision = (double) same / predicted.size();
    double recall = (double) same / right.size();
    return same == 0 ? 0 : 2 * precision * recall / (precision + recall);
  }

  /**
   * An answer's words as they are compared: in lower case, without ASCII punctuation, without the
   * articles "a", "an" and "the".
   */
  static List<String> words(String answer) {
    StringBuilder text = new StringBuilder();
    String lower = answer.toLowerCase(Locale.ROOT);
    for (int i = 0; i < lower.length(); i++) {
      if (PUNCTUATION.indexOf(lower.charAt(i)) < 0) {
        text.append(lower.charAt(i));
      }
    }
    return split(withoutArticles(text.toString()));
  }

  /** Replaces each article that stands alone between characters that are no letters or digits. */
  private static String withoutArticles(String text) {
    StringBuilder kept = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      int end = at;
      while (end < text.length() && isWordCharacter(text.codePointAt(end))) {
        end += Character.charCount(text.codePointAt(end));
      }
      String word = text.substring(at, end);
      switch (word) {
        case "a", "an", "the" -> kept.append(' ');
        default -> kept.append(word);
      }
      if (end < text.length()) {
        kept.appendCodePoint(text.codePointAt(end));
        end += Character.charCount(text.codePointAt(end));
      }
      at = end;
    }
    return kept.toString();
  }

  /** What Python's {@code \w} matches, the underscore aside, which is punctuation. */
  private static boolean isWordCharacter(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
      default -> Character.isLetter(codePoint);
    };
  }

  private static List<String> split(String text) {
    List<String> words = new ArrayList<>();
    int start = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i == text.length() || isWhitespace(text.charAt(i))) {
        if (i > start) {
          words.add(text.substring(start, i));
        }
        start = i + 1;
      }
    }
    return words;
  }

  /** What Python's {@code str.split} divides at. */
  private static boolean isWhitespace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
  }
}
