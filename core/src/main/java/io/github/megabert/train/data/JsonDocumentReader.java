// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Documents that are JSON objects, one a line: a key has the text, or a list of sentences. */
final class JsonDocumentReader implements DocumentReader {
  private final JsonLinesTable table;
  private final String key;

  JsonDocumentReader(JsonLinesTable table, String key) {
    this.table = table;
    this.key = key;
  }

  @Override
  public @Nullable List<String> read() throws IOException {
    Row row = table.next();
    if (row == null) {
      return null;
    }
    List<String> lines = row.cell(key).isArray() ? row.texts(key) : row.text(key).lines().toList();
    return lines.stream().filter(line -> !line.isBlank()).toList();
  }

  @Override
  public long bytes() {
    return table.bytes();
  }

  @Override
  public void close() throws IOException {
    table.close();
  }
}
