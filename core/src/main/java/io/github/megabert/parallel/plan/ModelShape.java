// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.plan;

/**
 * What of a model decides on time and memory.
 *
 * @param layers l
 * @param hidden h
 * @param heads a
 * @param intermediate channels of the MLP
 * @param vocabulary V
 * @param sequence s, tokens of a sequence
 * @param logitShare part of the tokens whose logits are computed: 1 where each predicts the next,
 *     0.15 where masked ones are told
 */
public record ModelShape(
    int layers,
    int hidden,
    int heads,
    int intermediate,
    int vocabulary,
    int sequence,
    double logitShare) {
  /** Parameters of a layer: four h × h matrices, the MLP's two, biases and LayerNorms. */
  double layerParameters() {
    return 4.0 * hidden * hidden + 2.0 * hidden * intermediate + 9.0 * hidden + intermediate;
  }

  /** Parameters of the tables of words and positions. */
  double embeddingParameters() {
    return (double) hidden * (vocabulary + sequence);
  }

  /** All parameters; the decoder is tied to the words. */
  public double parameters() {
    return layers * layerParameters() + embeddingParameters();
  }

  /**
   * Operations of one layer's forward pass over a sequence: {@code 24·s·h² + 4·s²·h} where the MLP
   * is 4·h wide (Narayanan et al. 2021, appendix).
   */
  double layerOperations() {
    double perToken = 2 * (4.0 * hidden * hidden + 2.0 * hidden * intermediate);
    return sequence * (perToken + 4.0 * sequence * hidden);
  }

  /** Operations of the logits of a sequence, forward: {@code 2·s·h·V}. */
  double logitOperations() {
    return 2.0 * sequence * logitShare * hidden * vocabulary;
  }

  /**
   * Operations of a step over sequences: forward, twice that backward, and forward once more for
   * layers that are recomputed. With all of these, {@code 96·B·s·l·h²·(1 + s/6h + V/16lh)}
   * (Narayanan et al. 2021, equation 3).
   */
  double stepOperations(double sequences, boolean recompute) {
    return sequences * ((recompute ? 4 : 3) * layers * layerOperations() + 3 * logitOperations());
  }
}
