// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parameters;

/**
 * Where LayerNorm stands. Everything else is the same in both kinds of stack: a layer is attention,
 * cross-attention where there is one, and an MLP, and each adds to the hidden states.
 */
public enum LayerOrder {
  /**
   * MegatronBERT's (Shoeybi et al. 2019, figure 7b): {@code h + f(ln(h))}, and a LayerNorm that
   * closes the stack; none behind the embeddings.
   */
  PRE_LAYER_NORM("ln"),
  /**
   * BERT's (Devlin et al. 2018): {@code ln(h + f(h))}, and a LayerNorm behind the embeddings; none
   * closes the stack.
   */
  POST_LAYER_NORM("output.LayerNorm");

  private final String norm;

  LayerOrder(String norm) {
    this.norm = norm;
  }

  /**
   * The name of a sub-layer's LayerNorm in transformers.
   *
   * @param subLayer {@code attention.}, {@code crossattention.}, or nothing for the MLP, behind
   *     what the layer's names begin with
   */
  public String norm(String subLayer) {
    return subLayer + norm;
  }
}
