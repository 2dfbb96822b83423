// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Files that a test writes, read whole. */
final class DataFiles {
  /** Opens a reader. */
  interface Opener<E extends Example> {
    ExampleReader<E> open(Path file) throws IOException;
  }

  private final Path folder;

  DataFiles(Path folder) {
    this.folder = folder;
  }

  Path write(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }

  static <E extends Example> List<E> all(Path file, Opener<E> opener) throws IOException {
    try (ExampleReader<E> reader = opener.open(file)) {
      return reader.readAll();
    }
  }

  /** The sentence that refuses a file, its folder left out. */
  <E extends Example> String refusal(Path file, Opener<E> opener) {
    TrainingDataException refusal =
        assertThrows(TrainingDataException.class, () -> all(file, opener));
    return String.valueOf(refusal.getMessage()).replace(folder + "/", "");
  }
}
