// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

/**
 * How many floating-point operations a forward pass must do; a multiplication and an addition are
 * two.
 */
public final class ForwardCost {
  private ForwardCost() {}

  /**
   * Operations of {@link MegatronBertModel#forward} over sequences of the given lengths: the matrix
   * products of all layers and both products of attention. What is linear in the hidden states is
   * left out.
   */
  public static double operations(MegatronBertConfig config, int... lengths) {
    double hidden = config.hiddenSize();
    double perToken = 2 * (4 * hidden * hidden + 2 * hidden * config.intermediateSize());
    double sum = 0;
    for (int length : lengths) {
      sum += length * (perToken + 4.0 * length * hidden);
    }
    return sum * config.numHiddenLayers();
  }
}
