// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import io.github.megabert.input.Quote;
import io.github.megabert.json.JsonTree;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** A JSON object a line; blank lines count as none. */
final class JsonLinesTable implements Table {
  private final Lines lines;
  private final List<String> columns;
  private @Nullable Row first;

  private JsonLinesTable(Lines lines) throws IOException {
    this.lines = lines;
    Row row = read();
    if (row == null) {
      throw new TrainingDataException(lines.file(), "is empty; a JSON object a line is expected");
    }
    first = row;
    columns = List.copyOf(row.cells().propertyNames());
  }

  /** Opens a file and reads its first row. */
  static JsonLinesTable open(Path file) throws IOException {
    Lines lines = Lines.open(file);
    try {
      return new JsonLinesTable(lines);
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
    Row row = first;
    first = null;
    return row == null ? read() : row;
  }

  private @Nullable Row read() throws IOException {
    String text = lines.next();
    while (text != null && text.isBlank()) {
      text = lines.next();
    }
    return text == null ? null : new Row(lines.file(), lines.number(), object(text));
  }

  private ObjectNode object(String text) throws IOException {
    try {
      JsonNode node =
          JsonTree.read(
              new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)),
              lines.file().toString(),
              Integer.MAX_VALUE);
      if (node instanceof ObjectNode object) {
        return object;
      }
      throw new TrainingDataException(
          lines.file(),
          lines.number(),
          Quote.quote(text) + " is no JSON object, as every line shall be one");
    } catch (JacksonException e) {
      throw new TrainingDataException(
          lines.file(),
          lines.number(),
          "the line is no JSON object: " + Quote.quote(String.valueOf(e.getOriginalMessage())));
    }
  }

  /** Bytes of the file up to the end of the row that was read last. */
  long bytes() {
    return lines.bytes();
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
