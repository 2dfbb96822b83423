// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a list. */
final class ListReader<E extends Example> implements ExampleReader<E> {
  private final String name;
  private final Iterator<E> examples;
  private int last;

  ListReader(String name, List<E> examples) {
    this.name = name;
    this.examples = examples.iterator();
  }

  @Override
  public @Nullable E read() throws TrainingDataException {
    if (examples.hasNext()) {
      last++;
      return examples.next();
    }
    if (last == 0) {
      throw new TrainingDataException(name, "there is no example");
    }
    return null;
  }

  @Override
  public TrainingDataException refusal(String sentence) {
    return new TrainingDataException(name + ", example " + last, sentence);
  }

  @Override
  public void close() {}
}
