// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ModelClass;

/**
 * One of the nine classes of MegatronBERT, or the same of BERT: the configuration's {@link
 * MegatronBertConfig#family} says where LayerNorm stands. All are immutable and thread-safe.
 *
 * <p>The tables of embeddings, and weights that are not packed, are read from the checkpoint's
 * files again and again. So every computation compares those with what they were ({@link
 * Checkpoint#requireUnchanged}), when it begins and when it gives a result, and throws {@link
 * io.github.megabert.tensor.FileChangedException} if one was changed in place. One whose result is
 * not finite looks for weights that are not, and throws {@link IllegalStateException} if it finds
 * some.
 */
public sealed interface MegatronBert
    permits MegatronBertModel,
        MegatronBertForMaskedLM,
        MegatronBertForCausalLM,
        MegatronBertForPreTraining,
        MegatronBertForNextSentencePrediction,
        MegatronBertForSequenceClassification,
        MegatronBertForMultipleChoice,
        MegatronBertForTokenClassification,
        MegatronBertForQuestionAnswering {

  /** The configuration. */
  MegatronBertConfig config();

  /** Which of the nine it is. */
  ModelClass modelClass();

  /** Name of the transformers class. */
  default String className() {
    return modelClass().className(config().family());
  }

  /**
   * Records the forward pass and the loss of a batch.
   *
   * @param computation of the model's backend; a {@link io.github.megabert.backend.Tape} for
   *     gradients
   * @param labels of the kind that the class learns from
   * @param with dropout and label smoothing
   * @throws IllegalArgumentException if the labels are of another kind, not as many as they should
   *     be, or out of range, or if the batch does not fit the configuration
   */
  Loss loss(Computation computation, Batch batch, Labels labels, Regularization with);

  /** The backend that holds the parameters. */
  Backend backend();

  /**
   * Loads a model from a checkpoint. The caller keeps both open while the model is used, and closes
   * them.
   *
   * @throws IllegalArgumentException if the class is unknown or not named, or a tensor is missing
   *     or has another shape than the configuration asks for; the message names it and says what to
   *     do
   */
  static MegatronBert load(Checkpoint checkpoint, Backend backend, LoadOptions options) {
    return new ModelLoader(checkpoint, backend).load(options);
  }

  /** The refusal of labels of a kind that a class does not learn from. */
  static IllegalArgumentException wrongLabels(MegatronBert model, Labels labels, String wanted) {
    return new IllegalArgumentException(
        "a "
            + model.className()
            + " learns from "
            + wanted
            + ", not from labels "
            + labels.getClass().getSimpleName());
  }
}
