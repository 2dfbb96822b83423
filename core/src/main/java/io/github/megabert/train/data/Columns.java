// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import io.github.megabert.input.Quote;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which columns of a table (or names of a JSON object) hold what. Those that are not told are found
 * by the names that published data sets have:
 *
 * <ul>
 *   <li>the text: "text", "sentence", "sentence1", "premise", "question1", "question", "prompt",
 *       "content"; of words: "words", "tokens";
 *   <li>the pair, where the text is found: "text_pair", "pair", "sentence2", "hypothesis",
 *       "question2", or "sentence" beside "question";
 *   <li>the label: "label", "labels", "class", "score"; of words: "tags", "ner_tags", "labels".
 * </ul>
 *
 * <p>A file of CoNLL's has no names: there a column is told by its number, from 1.
 *
 * @param text null to find it
 * @param pair null to find it where the text is found, and to have none where the text is told
 * @param label null to find it
 */
public record Columns(@Nullable String text, @Nullable String pair, @Nullable String label) {
  /** All to be found. */
  public static final Columns FOUND = new Columns(null, null, null);

  private static final List<String> TEXTS =
      List.of(
          "text", "sentence", "sentence1", "premise", "question1", "question", "prompt", "content");
  private static final List<String> LABELS = List.of("label", "labels", "class", "score");
  private static final List<String> WORDS = List.of("words", "tokens");
  private static final List<String> TAGS = List.of("tags", "ner_tags", "labels");

  /** The columns of a table of texts, all named; without a label for {@link LabelKind#NONE}. */
  Columns ofTexts(Table table, LabelKind kind) throws TrainingDataException {
    String textColumn = column(table, text, TEXTS, "text");
    String pairColumn = pair == null ? null : told(table, pair);
    if (pair == null && text == null) {
      pairColumn = found(table, pairNames(textColumn));
    }
    String labelColumn = kind == LabelKind.NONE ? null : column(table, label, LABELS, "label");
    return new Columns(textColumn, pairColumn, labelColumn);
  }

  /** The columns of a table of words and tags, both named. */
  Columns ofWords(Table table) throws TrainingDataException {
    return new Columns(
        column(table, text, WORDS, "words"), null, column(table, label, TAGS, "tags"));
  }

  private static List<String> pairNames(String text) {
    return switch (text) {
      case "sentence1" -> List.of("sentence2");
      case "premise" -> List.of("hypothesis");
      case "question1" -> List.of("question2");
      case "question" -> List.of("sentence");
      default -> List.of("text_pair", "pair");
    };
  }

  private static String column(Table table, @Nullable String told, List<String> names, String what)
      throws TrainingDataException {
    if (told != null) {
      return told(table, told);
    }
    String found = found(table, names);
    if (found == null) {
      throw new TrainingDataException(
          table.file(),
          "has no column for the "
              + what
              + " that is known by its name; name one of its columns: "
              + listed(table));
    }
    return found;
  }

  private static String told(Table table, String column) throws TrainingDataException {
    if (!table.columns().contains(column)) {
      throw new TrainingDataException(
          table.file(),
          "has no column " + Quote.quote(column) + "; its columns are " + listed(table));
    }
    return column;
  }

  private static @Nullable String found(Table table, List<String> names) {
    for (String name : names) {
      if (table.columns().contains(name)) {
        return name;
      }
    }
    return null;
  }

  private static String listed(Table table) {
    return Quote.quote(String.join(", ", table.columns()));
  }
}
