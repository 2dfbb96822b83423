// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.Tensor;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** The stack with a masked language model head ({@code transformers.MegatronBertForMaskedLM}). */
public final class MegatronBertForMaskedLM implements MegatronBert {
  private final MegatronBertModel bert;
  private final LanguageModelHead head;

  MegatronBertForMaskedLM(ParameterSource source) {
    bert = MegatronBertModel.loadWithoutPooler(source);
    head = new LanguageModelHead(source);
  }

  /**
   * Loads the model from a checkpoint.
   *
   * @throws IllegalArgumentException as {@link MegatronBert#load}
   */
  public static MegatronBertForMaskedLM load(Checkpoint checkpoint, Backend backend) {
    return (MegatronBertForMaskedLM)
        MegatronBert.load(checkpoint, backend, LoadOptions.ofClass(ModelClass.MASKED_LM));
  }

  @Override
  public MegatronBertConfig config() {
    return bert.config();
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.MASKED_LM;
  }

  @Override
  public Backend backend() {
    return bert.backend();
  }

  /**
   * Logits of every token, and the mean cross entropy of the labelled ones.
   *
   * @param labels {@code [tokens]} integers, -100 for tokens without a label; null without
   */
  public ModelOutput.Logits forward(Batch batch, @Nullable Tensor labels, OutputOptions options) {
    try (Computation computation = backend().begin()) {
      ForwardPass pass = new ForwardPass(computation, batch, options);
      Matrix last = bert.run(pass, null);
      Matrix logits = head.logits(computation, last);
      Tensor read = pass.read(logits);
      OptionalDouble loss = OptionalDouble.empty();
      if (labels != null) {
        int[] classes = Labels.integers("labels", labels, batch.tokens());
        loss =
            OptionalDouble.of(Loss.crossEntropy(computation, logits, classes, 0).read(computation));
      }
      return new ModelOutput.Logits(read, loss, pass.readLayers());
    }
  }

  /** Only the labelled rows pass through the head. */
  @Override
  public Loss loss(Computation computation, Batch batch, Labels labels, Regularization with) {
    if (!(labels instanceof Labels.OfTokens(int[] classes))) {
      throw MegatronBert.wrongLabels(this, labels, "a label a token");
    }
    ForwardPass pass = ForwardPass.training(computation, batch, with);
    return head.loss(pass, bert.run(pass, null), classes);
  }

  /**
   * Logits of some tokens only, such as the masked ones; the others cost nothing in the head.
   *
   * @param rows rows of the batch
   * @return {@code [rows.length, vocabulary]}
   */
  public Tensor logits(Batch batch, int[] rows) {
    try (Computation computation = backend().begin()) {
      ForwardPass pass = new ForwardPass(computation, batch, OutputOptions.NONE);
      return pass.read(head.logits(computation, bert.run(pass, null), rows));
    }
  }
}
