// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a file's examples one after the other, keeping none. Not for several threads at once.
 *
 * @param <E> the kind of examples
 */
public interface ExampleReader<E extends Example> extends Closeable {
  /**
   * The next example, or null after the last.
   *
   * @throws TrainingDataException if the next row is none, or the file has no row at all
   * @throws IOException if the file cannot be read
   */
  @Nullable E read() throws IOException;

  /**
   * The refusal of the example that was read last, with the place where it stands.
   *
   * @param sentence what was found and what was expected
   */
  TrainingDataException refusal(String sentence);

  /** All examples that follow. */
  default List<E> readAll() throws IOException {
    List<E> examples = new ArrayList<>();
    for (E example = read(); example != null; example = read()) {
      examples.add(example);
    }
    return examples;
  }
}
