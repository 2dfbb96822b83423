// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.task.TokenClassification.Aggregation;
import io.github.megabert.task.TokenClassification.Entity;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Makes entities of a text's labelled tokens: tokens to words, words to groups. The rules are those
 * of transformers' {@code TokenClassificationPipeline}, its oddities among them, so that results
 * are equal.
 *
 * @param text the text that the tokens are of
 * @param labels label of each class
 */
record EntityGrouping(
    String text, BertTokenizer tokenizer, Map<Integer, String> labels, Aggregation aggregation) {

  /**
   * A token.
   *
   * @param subword whether it continues a word. transformers' test: the token is longer or shorter
   *     than what it stands for, as {@code ##ing} for "ing" is; but so is a letter for a letter
   *     with a combining accent
   */
  private record Token(String word, float[] scores, int index, TextSpan span, boolean subword) {
    int bestClass() {
      int best = 0;
      for (int i = 1; i < scores.length; i++) {
        best = scores[i] > scores[best] ? i : best;
      }
      return best;
    }

    float bestScore() {
      return scores[bestClass()];
    }
  }

  /** The entities of a window; {@code probabilities[token][class]}. */
  List<Entity> entities(Encoding encoding, float[][] probabilities) {
    List<Token> tokens = tokens(encoding, probabilities);
    List<Entity> entities =
        switch (aggregation) {
          case NONE, SIMPLE -> tokens.stream().map(token -> entity(token, token.index())).toList();
          case FIRST, AVERAGE, MAX -> words(tokens);
        };
    return aggregation == Aggregation.NONE ? entities : groups(entities);
  }

  private List<Token> tokens(Encoding encoding, float[][] probabilities) {
    List<Token> tokens = new ArrayList<>();
    for (int t = 0; t < encoding.size(); t++) {
      if (encoding.specialTokensMask()[t] != 0) {
        continue;
      }
      String word = encoding.tokens().get(t);
      TextSpan span =
          new TextSpan(
              encoding.charStart()[t],
              encoding.charEnd()[t],
              encoding.codePointStart()[t],
              encoding.codePointEnd()[t]);
      boolean unknown = encoding.ids()[t] == tokenizer.unknownId();
      boolean subword = !unknown && word.codePointCount(0, word.length()) != span.codePoints();
      tokens.add(new Token(unknown ? span.of(text) : word, probabilities[t], t, span, subword));
    }
    return tokens;
  }

  private Entity entity(Token token, int index) {
    int best = token.bestClass();
    return new Entity(label(best), token.scores()[best], index, token.word(), token.span());
  }

  private String label(int index) {
    return labels.getOrDefault(index, "LABEL_" + index);
  }

  private List<Entity> words(List<Token> tokens) {
    List<Entity> words = new ArrayList<>();
    for (int from = 0; from < tokens.size(); ) {
      int to = from + 1;
      while (to < tokens.size() && tokens.get(to).subword()) {
        to++;
      }
      words.add(word(tokens.subList(from, to)));
      from = to;
    }
    return words;
  }

  private Entity word(List<Token> tokens) {
    float[] scores =
        switch (aggregation) {
          case AVERAGE -> average(tokens);
          case MAX -> mostCertain(tokens).scores();
          default -> tokens.getFirst().scores();
        };
    String word = tokenizer.join(tokens.stream().map(Token::word).toList());
    TextSpan span = around(tokens.getFirst().span(), tokens.getLast().span());
    return entity(new Token(word, scores, -1, span, false), -1);
  }

  private static Token mostCertain(List<Token> tokens) {
    Token best = tokens.getFirst();
    for (Token token : tokens) {
      best = token.bestScore() > best.bestScore() ? token : best;
    }
    return best;
  }

  private static float[] average(List<Token> tokens) {
    float[] average = new float[tokens.getFirst().scores().length];
    for (int i = 0; i < average.length; i++) {
      double sum = 0;
      for (Token token : tokens) {
        sum += token.scores()[i];
      }
      average[i] = (float) (sum / tokens.size());
    }
    return average;
  }

  private static TextSpan around(TextSpan first, TextSpan last) {
    return new TextSpan(first.start(), last.end(), first.codePointStart(), last.codePointEnd());
  }

  /** Joins neighbours of a tag; {@code B-} begins a new group. */
  private List<Entity> groups(List<Entity> entities) {
    List<Entity> groups = new ArrayList<>();
    for (int from = 0; from < entities.size(); ) {
      int to = from + 1;
      String tag = tag(entities.get(from).label());
      while (to < entities.size()
          && tag(entities.get(to).label()).equals(tag)
          && !entities.get(to).label().startsWith("B-")) {
        to++;
      }
      groups.add(group(entities.subList(from, to)));
      from = to;
    }
    return groups;
  }

  private Entity group(List<Entity> members) {
    double sum = 0;
    for (Entity member : members) {
      sum += member.score();
    }
    String label = members.getFirst().label();
    return new Entity(
        label.substring(label.indexOf('-') + 1),
        (float) (sum / members.size()),
        -1,
        tokenizer.join(members.stream().map(Entity::word).toList()),
        around(members.getFirst().span(), members.getLast().span()));
  }

  private static String tag(String label) {
    return label.startsWith("B-") || label.startsWith("I-") ? label.substring(2) : label;
  }
}
