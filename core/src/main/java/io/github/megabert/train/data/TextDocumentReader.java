// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Documents of lines, with blank ones between them. */
final class TextDocumentReader implements DocumentReader {
  /** More than any book has; a file of several documents would have a blank line before. */
  private static final int LONGEST = 1 << 25;

  private final Lines lines;

  TextDocumentReader(Lines lines) {
    this.lines = lines;
  }

  @Override
  public @Nullable List<String> read() throws IOException {
    List<String> document = new ArrayList<>();
    long characters = 0;
    for (String line = lines.next(); line != null; line = lines.next()) {
      if (line.isBlank()) {
        if (!document.isEmpty()) {
          return document;
        }
        continue;
      }
      characters += line.length();
      if (characters > LONGEST) {
        throw new TrainingDataException(
            lines.file(),
            lines.number(),
            "the document up to here has more than "
                + LONGEST
                + " characters; is there an empty line between documents?");
      }
      document.add(line);
    }
    return document.isEmpty() ? null : document;
  }

  @Override
  public long bytes() {
    return lines.bytes();
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
