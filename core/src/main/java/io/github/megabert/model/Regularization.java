// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Dropout;
import io.github.megabert.backend.DropoutMask;
import org.jspecify.annotations.Nullable;

/**
 * What training adds to a forward pass. The masks of dropout depend on the seed, the step and where
 * an element lies in the whole batch of the step; the three offsets tell where this part of it
 * begins.
 *
 * @param hiddenDropout probability of embeddings, and of what attention and the MLP add to the
 *     hidden states
 * @param attentionDropout probability of attention's probabilities
 * @param classifierDropout probability of a classifier's input
 * @param labelSmoothing ε of the cross entropy, 0 to 1
 * @param seed of the run
 * @param step of the optimizer, from 0
 * @param firstToken number of tokens in earlier parts of the step's batch
 * @param firstSequence number of sequences in them
 * @param firstProbability number of attention probabilities of one layer in them
 */
public record Regularization(
    double hiddenDropout,
    double attentionDropout,
    double classifierDropout,
    float labelSmoothing,
    long seed,
    int step,
    long firstToken,
    long firstSequence,
    long firstProbability) {
  /** As in inference. */
  public static final Regularization NONE = new Regularization(0, 0, 0, 0, 0, 0, 0, 0, 0);

  /** Which dropout of a layer; the ordinal tells their masks apart. */
  enum Place {
    EMBEDDINGS,
    ATTENTION_PROBABILITIES,
    ATTENTION_OUTPUT,
    CROSS_ATTENTION_PROBABILITIES,
    CROSS_ATTENTION_OUTPUT,
    MLP_OUTPUT,
    CLASSIFIER
  }

  /** The dropout of rows of hidden states, one a token; null without. */
  @Nullable Dropout ofTokens(int layer, Place place, int columns) {
    return dropout(ofHidden(place), layer, place, firstToken * columns);
  }

  /** The dropout of rows, one a sequence. */
  @Nullable Dropout ofSequences(int layer, Place place, int columns) {
    return dropout(ofHidden(place), layer, place, firstSequence * columns);
  }

  private double ofHidden(Place place) {
    return place == Place.CLASSIFIER ? classifierDropout : hiddenDropout;
  }

  /** The dropout of attention's probabilities. */
  @Nullable Dropout ofProbabilities(int layer, Place place) {
    return dropout(attentionDropout, layer, place, firstProbability);
  }

  @SuppressWarnings("EnumOrdinal") // The order is part of a run's masks.
  private @Nullable Dropout dropout(double probability, int layer, Place place, long position) {
    if (probability == 0) {
      return null;
    }
    int stream = DropoutMask.stream(layer, place.ordinal());
    return new Dropout(new DropoutMask(seed, step, stream, probability), position);
  }
}
