// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A text a line, without labels; blank lines count as none. */
final class PlainTextReader implements ExampleReader<LabelledText> {
  private final Lines lines;
  private boolean any;

  private PlainTextReader(Lines lines) {
    this.lines = lines;
  }

  /** Opens a file. */
  static PlainTextReader open(Path file) throws IOException {
    return new PlainTextReader(Lines.open(file));
  }

  @Override
  public @Nullable LabelledText read() throws IOException {
    String line = lines.next();
    while (line != null && line.isBlank()) {
      line = lines.next();
    }
    if (line == null && !any) {
      throw new TrainingDataException(lines.file(), "is empty; a text a line is expected");
    }
    any = true;
    return line == null ? null : new LabelledText(line, null, null);
  }

  @Override
  public TrainingDataException refusal(String sentence) {
    return new TrainingDataException(lines.file(), lines.number(), sentence);
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
