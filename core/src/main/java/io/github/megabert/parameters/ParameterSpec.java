// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parameters;

import io.github.megabert.tensor.Shape;

/**
 * One parameter of a model.
 *
 * @param name as in transformers' state dictionary
 * @param shape of the whole parameter, before any rank takes its part
 * @param kind decides initialisation and weight decay
 * @param split how tensor parallelism divides it
 * @param place which pipeline stage has it
 */
public record ParameterSpec(String name, Shape shape, Kind kind, Split split, Place place) {
  /** What a parameter is. */
  public enum Kind {
    /** A table of vectors. */
    EMBEDDING(true),
    /** The weight of a linear layer. */
    MATRIX(true),
    /**
     * The weight of a linear layer whose output is added to the hidden states: Megatron-LM
     * initialises it with a standard deviation divided by √(2 · layers).
     */
    OUTPUT_MATRIX(true),
    /** The bias of a linear layer. */
    BIAS(false),
    /** The factor of a LayerNorm. */
    NORM_WEIGHT(false),
    /** The summand of a LayerNorm. */
    NORM_BIAS(false);

    private final boolean decays;

    Kind(boolean decays) {
      this.decays = decays;
    }

    /** Whether AdamW's weight decay applies: not to biases and LayerNorms. */
    public boolean decays() {
      return decays;
    }

    /** Whether it is a vector; otherwise a matrix. */
    public boolean isVector() {
      return !decays;
    }
  }

  /** How tensor parallelism divides a parameter (Shoeybi et al. 2019, section 3). */
  public enum Split {
    /** Every rank has all of it. */
    WHOLE,
    /** Every rank of a file has all of it; the first rank alone adds it to a sum over ranks. */
    FIRST,
    /** A column-parallel layer: the output rows are divided. */
    ROWS,
    /** A row-parallel layer: the input columns are divided. */
    COLUMNS,
    /** Rows are divided, and the last rank's last rows are padding. */
    VOCABULARY,
    /** Heads are divided: the rows of a query, key or value. */
    HEADS
  }

  /** Where in the model a parameter is used. */
  public sealed interface Place {
    /** Before the first layer. */
    record Embeddings() implements Place {}

    /** In layer {@code index}. */
    record Layer(int index) implements Place {}

    /** Behind the last layer. */
    record Head() implements Place {}
  }

  /**
   * The pipeline stage that has the parameter, where layers are divided evenly.
   *
   * @param layersPerStage layers a stage
   * @param lastStage number of the last stage
   */
  public int stage(int layersPerStage, int lastStage) {
    return switch (place) {
      case Place.Embeddings() -> 0;
      case Place.Layer(int index) -> index / layersPerStage;
      case Place.Head() -> lastStage;
    };
  }
}
