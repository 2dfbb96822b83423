// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * How well a model fills masks and tells the order of sentences, on labelled sequences.
 *
 * @param maskedLoss mean cross entropy of the masked tokens, in nats
 * @param maskedAccuracy share of masked tokens whose likeliest token is the right one
 * @param maskedTokens number of masked tokens
 * @param sentenceOrderLoss mean cross entropy of the sentence pairs, in nats; NaN without labels
 * @param sentenceOrderAccuracy share of pairs told right; NaN without labels
 * @param sequences number of sequences
 */
public record PreTrainingEvaluation(
    double maskedLoss,
    double maskedAccuracy,
    int maskedTokens,
    double sentenceOrderLoss,
    double sentenceOrderAccuracy,
    int sequences) {

  /**
   * Evaluates a model.
   *
   * @param data {@code input_ids} and {@code labels} {@code [sequences, length]}, -100 for tokens
   *     that are not masked; optionally {@code token_type_ids} and {@code attention_mask} of that
   *     shape and {@code next_sentence_label} {@code [sequences]}
   * @param batchSize sequences computed together
   * @throws IllegalArgumentException if a tensor is missing or of another shape
   */
  public static PreTrainingEvaluation of(
      MegatronBertForPreTraining model, Safetensors data, int batchSize) {
    return of(model, data, batchSize, (done, total) -> {});
  }

  /** Told of every batch, on the thread that evaluates. */
  @FunctionalInterface
  public interface Listener {
    /** So many sequences of so many are done. */
    void evaluated(int done, int total);
  }

  /** As {@link #of(MegatronBertForPreTraining, Safetensors, int)}, telling how far it is. */
  public static PreTrainingEvaluation of(
      MegatronBertForPreTraining model, Safetensors data, int batchSize, Listener listener) {
    if (batchSize < 1) {
      throw new IllegalArgumentException("the batch size must be at least 1, not " + batchSize);
    }
    Tensor ids = require(data, "input_ids", null);
    Shape shape = ids.shape();
    if (shape.rank() != 2) {
      throw new IllegalArgumentException(
          "input_ids of "
              + data.source()
              + " has shape "
              + shape
              + ", [sequences, length] is expected");
    }
    PreTrainingScores scores = new PreTrainingScores();
    Tensor labels = require(data, "labels", shape);
    Tensor types = optional(data, "token_type_ids", shape);
    Tensor mask = optional(data, "attention_mask", shape);
    Tensor order = optional(data, "next_sentence_label", Shape.of(shape.extent(0)));
    int sequences = shape.intExtent(0);
    int padding = model.config().padTokenId().orElse(-1);
    for (int from = 0; from < sequences; from += batchSize) {
      int to = Math.min(sequences, from + batchSize);
      int[] tokens = ids.rows(from, to).toIntArray();
      int[] seen = mask == null ? seen(tokens, padding) : mask.rows(from, to).toIntArray();
      Batch batch =
          Batch.rectangle(
              to - from,
              shape.intExtent(1),
              tokens,
              types == null ? null : types.rows(from, to).toIntArray(),
              null,
              seen,
              null);
      scores.add(
          model,
          batch,
          labels.rows(from, to).toIntArray(),
          order == null ? null : order.rows(from, to).toIntArray());
      listener.evaluated(to, sequences);
    }
    return new PreTrainingEvaluation(
        scores.maskedLoss(),
        scores.maskedAccuracy(),
        scores.maskedTokens(),
        scores.sentenceOrderLoss(),
        scores.sentenceOrderAccuracy(),
        sequences);
  }

  /** Whether the data had sentence-order labels; otherwise those figures are NaN. */
  public boolean hasSentenceOrder() {
    return !Double.isNaN(sentenceOrderLoss);
  }

  private static int[] seen(int[] tokens, int padding) {
    int[] seen = new int[tokens.length];
    for (int t = 0; t < tokens.length; t++) {
      seen[t] = tokens[t] == padding ? 0 : 1;
    }
    return seen;
  }

  private static Tensor require(Safetensors data, String name, @Nullable Shape shape) {
    Tensor tensor = shape == null ? find(data, name) : optional(data, name, shape);
    if (tensor == null) {
      throw new IllegalArgumentException(
          data.source() + " has no tensor " + name + "; it has " + data.names());
    }
    return tensor;
  }

  private static @Nullable Tensor optional(Safetensors data, String name, Shape shape) {
    Tensor tensor = find(data, name);
    if (tensor != null && !tensor.shape().equals(shape)) {
      throw new IllegalArgumentException(
          name
              + " of "
              + data.source()
              + " has shape "
              + tensor.shape()
              + ", "
              + shape
              + " is expected");
    }
    return tensor;
  }

  private static @Nullable Tensor find(Safetensors data, String name) {
    return data.names().contains(name) ? data.tensor(name) : null;
  }
}
