// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.tensor.Tensor;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * What a forward pass gave. All tensors are float32 on the Java heap; rows of {@code [tokens, …]}
 * are those of the {@link Batch}.
 */
public sealed interface ModelOutput {
  /** Hidden states and attentions. */
  LayerOutputs layers();

  /** The loss, where labels were given. */
  OptionalDouble loss();

  /**
   * Of {@link MegatronBertModel}.
   *
   * @param lastHiddenState {@code [tokens, hidden]}
   * @param poolerOutput {@code [sequences, hidden]}, or null if the checkpoint has no pooler
   */
  record Base(Tensor lastHiddenState, @Nullable Tensor poolerOutput, LayerOutputs layers)
      implements ModelOutput {
    @Override
    public OptionalDouble loss() {
      return OptionalDouble.empty();
    }
  }

  /**
   * Of the heads with one kind of logits.
   *
   * @param logits masked and causal language models: {@code [tokens, vocabulary]}; token
   *     classification: {@code [tokens, labels]}; sequence classification: {@code [sequences,
   *     labels]}; next sentence: {@code [sequences, 2]}; multiple choice: {@code [questions,
   *     choices]}
   */
  record Logits(Tensor logits, OptionalDouble loss, LayerOutputs layers) implements ModelOutput {}

  /**
   * Of {@link MegatronBertForPreTraining}.
   *
   * @param predictionLogits {@code [tokens, vocabulary]}
   * @param seqRelationshipLogits {@code [sequences, 2]}; class 0: the second text continues the
   *     first
   */
  record PreTraining(
      Tensor predictionLogits,
      Tensor seqRelationshipLogits,
      OptionalDouble loss,
      LayerOutputs layers)
      implements ModelOutput {}

  /**
   * Of {@link MegatronBertForQuestionAnswering}.
   *
   * @param startLogits {@code [tokens]}
   * @param endLogits {@code [tokens]}
   */
  record QuestionAnswering(
      Tensor startLogits, Tensor endLogits, OptionalDouble loss, LayerOutputs layers)
      implements ModelOutput {}
}
