// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What a model learns from a batch. */
public sealed interface Labels {
  /** A label of this value is left out of the mean ({@code ignore_index} of PyTorch). */
  int IGNORED = -100;

  /**
   * A class for each token: masked and causal language models, token classification.
   *
   * @param classes one a row of the batch, or {@value #IGNORED}; a causal model shifts them itself
   */
  record OfTokens(int[] classes) implements Labels {
    /** Whether the other has the same numbers. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof OfTokens that && Arrays.equals(classes, that.classes);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(classes);
    }

    @Override
    public String toString() {
      return "OfTokens[classes=" + Arrays.toString(classes) + "]";
    }
  }

  /**
   * A class for each sequence, or for each question of multiple choice.
   *
   * @param classes one each, or {@value #IGNORED}
   */
  record OfSequences(int[] classes) implements Labels {
    /** Whether the other has the same numbers. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof OfSequences that && Arrays.equals(classes, that.classes);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(classes);
    }

    @Override
    public String toString() {
      return "OfSequences[classes=" + Arrays.toString(classes) + "]";
    }
  }

  /**
   * Numbers for each sequence: regression, or independent classes.
   *
   * @param values {@code [sequences, labels]} floats
   */
  record Values(Tensor values) implements Labels {
    /** Whether the other has the same numbers. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Values that && values.contentEquals(that.values);
    }

    @Override
    public int hashCode() {
      return values.shape().hashCode();
    }
  }

  /**
   * Both labels of pre-training.
   *
   * @param tokens as of {@link OfTokens}
   * @param sequences 0 where the second text continues the first, otherwise 1
   */
  record OfPreTraining(int[] tokens, int[] sequences) implements Labels {
    /** Whether the other has the same numbers. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof OfPreTraining that
          && Arrays.equals(tokens, that.tokens)
          && Arrays.equals(sequences, that.sequences);
    }

    @Override
    public int hashCode() {
      return 31 * Arrays.hashCode(tokens) + Arrays.hashCode(sequences);
    }

    @Override
    public String toString() {
      return "OfPreTraining[tokens="
          + Arrays.toString(tokens)
          + ", sequences="
          + Arrays.toString(sequences)
          + "]";
    }
  }

  /**
   * The first and the last token of an answer, counted from the sequence's first; a position past
   * the sequence is left out.
   */
  record Spans(int[] starts, int[] ends) implements Labels {
    /** Whether the other has the same numbers. */
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Spans that
          && Arrays.equals(starts, that.starts)
          && Arrays.equals(ends, that.ends);
    }

    @Override
    public int hashCode() {
      return 31 * Arrays.hashCode(starts) + Arrays.hashCode(ends);
    }

    @Override
    public String toString() {
      return "Spans[starts=" + Arrays.toString(starts) + ", ends=" + Arrays.toString(ends) + "]";
    }
  }

  /**
   * Checks that there are as many labels as there should be.
   *
   * @param what they belong to, such as {@code tokens}
   * @throws IllegalArgumentException if not
   */
  static void requireCount(int[] labels, int count, String what) {
    if (labels.length != count) {
      throw new IllegalArgumentException(
          labels.length + " labels are given for " + count + " " + what);
    }
  }

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
