// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.io.IOException;
import java.util.List;

/**
 * A source of examples that can be read more than once.
 *
 * @param <E> the kind of examples
 */
@FunctionalInterface
public interface ExampleSource<E extends Example> {
  /**
   * Opens a reader, which the caller closes.
   *
   * @throws TrainingDataException if it is a file that is malformed
   * @throws IOException if it cannot be read
   */
  ExampleReader<E> open() throws IOException;

  /**
   * Examples that a program has.
   *
   * @param name what they are, for messages: "the training data"
   */
  static <E extends Example> ExampleSource<E> of(String name, List<? extends E> examples) {
    List<E> copy = List.copyOf(examples);
    return () -> new ListReader<>(name, copy);
  }
}
