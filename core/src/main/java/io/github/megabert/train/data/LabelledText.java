// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import org.jspecify.annotations.Nullable;

/**
 * A text or a pair of texts, and the right answer of a classifier.
 *
 * @param text the first or only text
 * @param pair the second text, or null
 * @param target the right answer, or null where there is none, as for language modelling
 */
public record LabelledText(String text, @Nullable String pair, @Nullable Target target)
    implements Example {
  /** A text with one label. */
  public LabelledText(String text, String label) {
    this(text, null, new Target.Label(label));
  }
}
