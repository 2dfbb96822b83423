// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

/** What a model of sentence-transformers does to a text's vector behind the pooling. */
public sealed interface EmbeddingStep permits DenseStep, NormalizeStep {
  /**
   * Numbers of a vector that comes out, for one of so many that goes in.
   *
   * @throws IllegalArgumentException if the step takes vectors of another size
   */
  int outputs(int inputs);

  /** The vector that comes out; that which goes in is not changed. */
  float[] apply(float[] vector);
}
