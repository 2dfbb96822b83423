package io.github.megabert.model;

import io.github.megabert.tensor.Tensor;

/** What a model is to learn of a batch. */
public sealed interface Labels {
  /** A label of this value is left out of the mean ({@code ignore_index} of PyTorch). */
  int IGNORED = -100;

  /**
   * A class a token: masked and causal language models, token classification.
   *
   * @param classes one a row of the batch, or {@value #IGNORED}; a causal model shifts them itself
   */
  record OfTokens(int[] classes) implements Labels {}

  /**
   * A class a sequence, or a question of multiple choice.
   *
   * @param classes one each, or {@value #IGNORED}
   */
  record OfSequences(int[] classes) implements Labels {}

  /**
   * Numbers a sequence: regression, or independent classes.
   *
   * @param values {@code [sequences, labels]} floats
   */
  record Values(Tensor values) implements Labels {}

  /**
   * Both labels of pre-training.
   *
   * @param tokens as of {@link OfTokens}
   * @param sequences 0 where the second text continues the first, otherwise 1
   */
  record OfPreTraining(int[] tokens, int[] sequences) implements Labels {}

  /**
   * The first and the last token of an answer, counted from the sequence's first; a position past
   * the sequence is left out.
   */
  record Spans(int[] starts, int[] ends) implements Labels {}

  /**
   * Integer labels, checked to be as many as the rows.
   *
   * @param name of the input, for messages
   * @throws IllegalArgumentException if they are not integers or not as many
   */
  static int[] integers(String name, Tensor labels, int count) {
    if (labels.dtype().isFloating()) {
      throw new IllegalArgumentException(
          name + " is of type " + labels.dtype() + ", integers are expected");
    }
    if (labels.elements() != count) {
      throw new IllegalArgumentException(
          name + " has shape " + labels.shape() + ", " + count + " labels are expected");
    }
    return labels.toIntArray();
  }
}
