// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import io.github.megabert.input.Quote;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Sentences in columns, as the shared task of CoNLL-2003 has them: a word a line with its tags
 * beside it, an empty line after each sentence, {@code -DOCSTART-} lines between documents, which
 * are passed over. Columns are divided by tabs if the first word's line has one, else by spaces;
 * all lines have as many.
 */
final class ConllReader implements ExampleReader<TaggedWords> {
  private static final String DOCUMENT_START = "-DOCSTART-";

  /** Words of a sentence: far more than a model reads, far fewer than fill the memory. */
  private static final int MOST_WORDS = 1 << 16;

  private final Lines lines;
  private final int wordColumn;

  /** From 0; -1 for the last. */
  private final int tagColumn;

  /** Where the sentence begins that was read last. */
  private long firstLine;

  private char delimiter;
  private int columns;

  private ConllReader(Lines lines, Columns told) {
    this.lines = lines;
    wordColumn = told.text() == null ? 0 : number(told.text());
    tagColumn = told.label() == null ? -1 : number(told.label());
  }

  /** Opens a file. */
  static ConllReader open(Path file, Columns columns) throws IOException {
    Lines lines = Lines.open(file);
    try {
      return new ConllReader(lines, columns);
    } catch (RuntimeException e) {
      lines.close();
      throw e;
    }
  }

  private static int number(String told) {
    if (!told.matches("[1-9][0-9]{0,2}")) {
      throw new IllegalArgumentException(
          "a column of a CoNLL file is told by its number, from 1, not by " + Quote.quote(told));
    }
    return Integer.parseInt(told) - 1;
  }

  @Override
  public @Nullable TaggedWords read() throws IOException {
    List<String> words = new ArrayList<>();
    List<String> tags = new ArrayList<>();
    for (String line = lines.next(); line != null; line = lines.next()) {
      if (line.isBlank() || line.startsWith(DOCUMENT_START)) {
        if (!words.isEmpty()) {
          return new TaggedWords(words, tags);
        }
        continue;
      }
      if (words.isEmpty()) {
        firstLine = lines.number();
      }
      add(line, words, tags);
    }
    if (!words.isEmpty()) {
      return new TaggedWords(words, tags);
    }
    if (columns == 0) {
      throw new TrainingDataException(
          lines.file(), "has no word; a word and its tag a line are expected");
    }
    return null;
  }

  private void add(String line, List<String> words, List<String> tags)
      throws TrainingDataException {
    if (words.size() == MOST_WORDS) {
      throw refusalOfLine(
          "the sentence has more than "
              + MOST_WORDS
              + " words; an empty line is expected after each sentence");
    }
    if (columns == 0) {
      delimiter = line.indexOf('\t') >= 0 ? '\t' : ' ';
    }
    List<String> cells = cells(line);
    if (columns == 0) {
      columns = cells.size();
      int needed = Math.max(2, 1 + Math.max(wordColumn, tagColumn));
      if (columns < needed) {
        throw refusalOfLine(
            String.format(
                Locale.ROOT,
                "columns found: %d, needed: %d, for a word and its tag",
                columns,
                needed));
      }
    }
    if (cells.size() != columns) {
      throw refusalOfLine(
          String.format(
              Locale.ROOT,
              "the line has %d %s, %d are expected as in the lines before",
              cells.size(),
              cells.size() == 1 ? "column" : "columns",
              columns));
    }
    String word = cells.get(wordColumn);
    String tag = cells.get(tagColumn < 0 ? columns - 1 : tagColumn);
    if (word.isEmpty() || tag.isEmpty()) {
      throw refusalOfLine("the " + (word.isEmpty() ? "word" : "tag") + " is empty");
    }
    words.add(word);
    tags.add(tag);
  }

  /** The cells of a line; spaces count once, and not at the ends. */
  private List<String> cells(String line) {
    List<String> cells = new ArrayList<>();
    int start = 0;
    for (int i = 0; i <= line.length(); i++) {
      if (i == line.length() || line.charAt(i) == delimiter) {
        if (delimiter == '\t' || i > start) {
          cells.add(line.substring(start, i));
        }
        start = i + 1;
      }
    }
    return cells;
  }

  private TrainingDataException refusalOfLine(String sentence) {
    return new TrainingDataException(lines.file(), lines.number(), sentence);
  }

  @Override
  public TrainingDataException refusal(String sentence) {
    return new TrainingDataException(lines.file(), firstLine, sentence);
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
