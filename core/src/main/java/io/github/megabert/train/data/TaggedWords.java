// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.util.List;

/**
 * The words of a sentence, each with its tag.
 *
 * @param words at least one
 * @param tags as many as there are words
 */
public record TaggedWords(List<String> words, List<String> tags) implements Example {
  /**
   * @throws IllegalArgumentException if there is no word or the numbers differ
   */
  public TaggedWords {
    words = List.copyOf(words);
    tags = List.copyOf(tags);
    if (words.isEmpty()) {
      throw new IllegalArgumentException("a sentence has at least one word");
    }
    if (words.size() != tags.size()) {
      throw new IllegalArgumentException(
          "a sentence of " + words.size() + " words has " + tags.size() + " tags");
    }
  }
}
