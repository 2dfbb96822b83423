// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

/**
 * Which results a caller wants beside a head's logits. What is not asked for is not computed.
 *
 * @param hiddenStates the embedding output, each layer's output, and the closing LayerNorm's
 * @param attentions the attention probabilities of every layer
 */
public record OutputOptions(boolean hiddenStates, boolean attentions) {
  /** The head's results alone. */
  public static final OutputOptions NONE = new OutputOptions(false, false);

  /** Everything. */
  public static final OutputOptions ALL = new OutputOptions(true, true);
}
