// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.Tensor;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The stack with both heads of pre-training, masked language model and next sentence ({@code
 * transformers.MegatronBertForPreTraining}).
 */
public final class MegatronBertForPreTraining implements MegatronBert {
  private final MegatronBertModel bert;
  private final LanguageModelHead head;
  private final Backend.Linear nextSentence;

  MegatronBertForPreTraining(ParameterSource source) {
    bert = MegatronBertModel.loadWithPooler(source);
    head = new LanguageModelHead(source);
    nextSentence = source.head(ParameterTable.SENTENCE_PAIR);
  }

  /**
   * Loads the model from a checkpoint.
   *
   * @throws IllegalArgumentException as {@link MegatronBert#load}
   */
  public static MegatronBertForPreTraining load(Checkpoint checkpoint, Backend backend) {
    return (MegatronBertForPreTraining)
        MegatronBert.load(checkpoint, backend, LoadOptions.ofClass(ModelClass.PRE_TRAINING));
  }

  @Override
  public MegatronBertConfig config() {
    return bert.config();
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.PRE_TRAINING;
  }

  @Override
  public Backend backend() {
    return bert.backend();
  }

  /**
   * Logits of both heads; the loss is the sum of both cross entropies and is there only if both
   * labels are.
   *
   * @param labels {@code [tokens]} integers, -100 for tokens without a label; null without
   * @param nextSentenceLabels {@code [sequences]}: 0 where the second text continues the first,
   *     otherwise 1; null without
   */
  public ModelOutput.PreTraining forward(
      Batch batch,
      @Nullable Tensor labels,
      @Nullable Tensor nextSentenceLabels,
      OutputOptions options) {
    try (Computation computation = backend().begin()) {
      ForwardPass pass = new ForwardPass(computation, batch, options);
      Matrix last = bert.run(pass, null);
      Matrix tokenLogits = head.logits(computation, last);
      Matrix pairLogits = nextSentenceLogits(pass, last);
      Tensor prediction = pass.read(tokenLogits);
      Tensor relationship = pass.read(pairLogits);
      OptionalDouble loss = OptionalDouble.empty();
      if (labels != null && nextSentenceLabels != null) {
        int[] classes = Labels.integers("labels", labels, batch.tokens());
        int[] order = Labels.integers("next_sentence_label", nextSentenceLabels, batch.sequences());
        loss =
            OptionalDouble.of(
                Loss.crossEntropy(computation, tokenLogits, classes, 0)
                    .plus(Loss.crossEntropy(computation, pairLogits, order, 0))
                    .read(computation));
      }
      return new ModelOutput.PreTraining(prediction, relationship, loss, pass.readLayers());
    }
  }

  /**
   * Logits of some tokens only, such as the masked ones.
   *
   * @param rows rows of the batch
   * @return {@code [rows.length, vocabulary]}
   */
  public Tensor logits(Batch batch, int[] rows) {
    return rowsForward(batch, rows, false).predictionLogits();
  }

  /** {@code [sequences, 2]}; class 0: the second text continues the first. */
  public Tensor nextSentenceLogits(Batch batch) {
    try (Computation computation = backend().begin()) {
      ForwardPass pass = new ForwardPass(computation, batch, OutputOptions.NONE);
      return pass.read(nextSentenceLogits(pass, bert.run(pass, null)));
    }
  }

  /**
   * Both heads in one pass, the language model's for some tokens only.
   *
   * @param rows rows of the batch whose token logits are wanted; may be none
   * @param relationship whether next-sentence logits are wanted; otherwise they have no rows
   */
  public ModelOutput.PreTraining rowsForward(Batch batch, int[] rows, boolean relationship) {
    try (Computation computation = backend().begin()) {
      ForwardPass pass = new ForwardPass(computation, batch, OutputOptions.NONE);
      Matrix last = bert.run(pass, null);
      Matrix tokenLogits = rows.length == 0 ? null : head.logits(computation, last, rows);
      Matrix pairLogits = relationship ? nextSentenceLogits(pass, last) : null;
      return new ModelOutput.PreTraining(
          tokenLogits == null ? ForwardPass.empty(config().vocabSize()) : pass.read(tokenLogits),
          pairLogits == null ? ForwardPass.empty(2) : pass.read(pairLogits),
          OptionalDouble.empty(),
          pass.readLayers());
    }
  }

  /** The sum of both cross entropies, over the labelled tokens and over the pairs. */
  @Override
  public Loss loss(Computation computation, Batch batch, Labels labels, Regularization with) {
    if (!(labels instanceof Labels.OfPreTraining(int[] tokens, int[] sequences))) {
      throw MegatronBert.wrongLabels(this, labels, "a label a token and a label a sequence");
    }
    ForwardPass pass = ForwardPass.training(computation, batch, with);
    Matrix last = bert.run(pass, null);
    return head.loss(pass, last, tokens)
        .plus(
            Loss.crossEntropy(
                computation, nextSentenceLogits(pass, last), sequences, with.labelSmoothing()));
  }

  private Matrix nextSentenceLogits(ForwardPass pass, Matrix last) {
    Matrix logits = pass.computation.matrix(pass.batch.sequences(), 2);
    pass.computation.linear(bert.pool(pass, last), nextSentence, Activation.IDENTITY, null, logits);
    return logits;
  }
}
