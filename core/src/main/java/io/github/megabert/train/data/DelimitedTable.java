// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import io.github.megabert.input.Quote;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A table with a header line whose cells a tab or a comma divides; empty lines count as none.
 *
 * <p>With tabs a cell is what stands between them: quotation marks are text. With commas RFC 4180
 * holds: a cell in quotation marks may hold commas, line ends (read as {@code \n}) and, doubled,
 * quotation marks.
 */
final class DelimitedTable implements Table {
  /** Columns of a table; a file with more is another kind of file. */
  private static final int MOST_COLUMNS = 1 << 10;

  private final Lines lines;
  private final char delimiter;
  private final List<String> columns;
  private long line;

  private DelimitedTable(Lines lines, char delimiter) throws IOException {
    this.lines = lines;
    this.delimiter = delimiter;
    List<String> header = cells();
    if (header == null) {
      throw new TrainingDataException(
          lines.file(), "is empty; a header line and a row an example are expected");
    }
    Set<String> names = new HashSet<>();
    for (String name : header) {
      if (!name.isEmpty() && !names.add(name)) {
        throw new TrainingDataException(
            lines.file(), line, "the header has two columns " + Quote.quote(name));
      }
    }
    columns = List.copyOf(header);
  }

  /** Opens a file and reads its header. */
  static DelimitedTable open(Path file, char delimiter) throws IOException {
    Lines lines = Lines.open(file);
    try {
      return new DelimitedTable(lines, delimiter);
    } catch (IOException | RuntimeException e) {
      lines.close();
      throw e;
    }
  }

  @Override
  public Path file() {
    return lines.file();
  }

  @Override
  public List<String> columns() {
    return columns;
  }

  @Override
  public @Nullable Row next() throws IOException {
    List<String> cells = cells();
    if (cells == null) {
      return null;
    }
    if (cells.size() != columns.size()) {
      throw new TrainingDataException(
          lines.file(),
          line,
          "the row has "
              + cells.size()
              + (cells.size() == 1 ? " column, " : " columns, ")
              + columns.size()
              + " are expected as in the header line");
    }
    ObjectNode row = JsonNodeFactory.instance.objectNode();
    for (int i = 0; i < cells.size(); i++) {
      row.put(columns.get(i), cells.get(i));
    }
    return new Row(lines.file(), line, row);
  }

  /** The cells of the next line that is not empty, or null. */
  private @Nullable List<String> cells() throws IOException {
    String text = lines.next();
    while (text != null && text.isEmpty()) {
      text = lines.next();
    }
    line = lines.number();
    if (text == null) {
      return null;
    }
    List<String> cells = new ArrayList<>();
    if (delimiter == '\t') {
      verbatim(text, cells);
    } else {
      new QuotedCells(text, cells).read();
    }
    return cells;
  }

  private void verbatim(String text, List<String> cells) throws TrainingDataException {
    int start = 0;
    for (int end = text.indexOf(delimiter); end >= 0; end = text.indexOf(delimiter, start)) {
      add(cells, text.substring(start, end));
      start = end + 1;
    }
    add(cells, text.substring(start));
  }

  private void add(List<String> cells, String cell) throws TrainingDataException {
    if (cells.size() == MOST_COLUMNS) {
      throw new TrainingDataException(
          lines.file(), line, "the row has more than " + MOST_COLUMNS + " columns");
    }
    cells.add(cell);
  }

  /** The cells of a record by RFC 4180, which may go on over several lines. */
  private final class QuotedCells {
    private final List<String> cells;
    private String text;
    private int at;
    private int length;

    QuotedCells(String text, List<String> cells) {
      this.text = text;
      this.cells = cells;
      length = text.length();
    }

    void read() throws IOException {
      while (true) {
        boolean quoted = at < text.length() && text.charAt(at) == '"';
        add(cells, quoted ? quoted() : plain());
        if (at == text.length()) {
          return;
        }
        if (text.charAt(at) != delimiter) {
          throw refusal("text follows a cell's closing quotation mark: a mark inside is doubled");
        }
        at++;
      }
    }

    private String plain() throws TrainingDataException {
      int end = text.indexOf(delimiter, at);
      String cell = text.substring(at, end < 0 ? text.length() : end);
      if (cell.indexOf('"') >= 0) {
        throw refusal(
            "a quotation mark stands in a cell without quotation marks around it: "
                + Quote.quote(cell));
      }
      at += cell.length();
      return cell;
    }

    private String quoted() throws IOException {
      StringBuilder cell = new StringBuilder();
      at++;
      while (true) {
        int mark = text.indexOf('"', at);
        if (mark < 0) {
          cell.append(text, at, text.length()).append('\n');
          nextLine();
          continue;
        }
        cell.append(text, at, mark);
        at = mark + 1;
        if (at == text.length() || text.charAt(at) != '"') {
          return cell.toString();
        }
        cell.append('"');
        at++;
      }
    }

    private void nextLine() throws IOException {
      String next = lines.next();
      if (next == null) {
        throw refusal("a quotation mark opens a cell that does not end before the file does");
      }
      length += 1 + next.length();
      if (length > Lines.LONGEST) {
        throw refusal(
            "a quotation mark opens a cell that is longer than "
                + Lines.LONGEST
                + " characters; is it closed?");
      }
      text = next;
      at = 0;
    }

    private TrainingDataException refusal(String sentence) {
      return new TrainingDataException(lines.file(), line, sentence);
    }
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
