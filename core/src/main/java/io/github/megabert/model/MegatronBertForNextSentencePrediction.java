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
 * Does the second text of a pair continue the first? ({@code
 * transformers.MegatronBertForNextSentencePrediction})
 */
public final class MegatronBertForNextSentencePrediction implements MegatronBert {
  private final MegatronBertModel bert;
  private final Backend.Linear nextSentence;

  MegatronBertForNextSentencePrediction(ParameterSource source) {
    bert = MegatronBertModel.loadWithPooler(source);
    nextSentence = source.head(ParameterTable.SENTENCE_PAIR);
  }

  /**
   * Loads the model from a checkpoint.
   *
   * @throws IllegalArgumentException as {@link MegatronBert#load}
   */
  public static MegatronBertForNextSentencePrediction load(Checkpoint checkpoint, Backend backend) {
    return (MegatronBertForNextSentencePrediction)
        MegatronBert.load(checkpoint, backend, LoadOptions.ofClass(ModelClass.NEXT_SENTENCE));
  }

  @Override
  public MegatronBertConfig config() {
    return bert.config();
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.NEXT_SENTENCE;
  }

  @Override
  public Backend backend() {
    return bert.backend();
  }

  /**
   * Logits {@code [sequences, 2]}; class 0: the second text continues the first.
   *
   * @param labels {@code [sequences]} of 0 or 1; null without
   */
  public ModelOutput.Logits forward(Batch batch, @Nullable Tensor labels, OutputOptions options) {
    try (Computation computation = backend().begin()) {
      ForwardPass pass = new ForwardPass(computation, batch, options);
      Matrix logits = logits(pass);
      Tensor read = pass.read(logits);
      OptionalDouble loss = OptionalDouble.empty();
      if (labels != null) {
        int[] classes = Labels.integers("labels", labels, batch.sequences());
        loss =
            OptionalDouble.of(Loss.crossEntropy(computation, logits, classes, 0).read(computation));
      }
      return new ModelOutput.Logits(read, loss, pass.readLayers());
    }
  }

  private Matrix logits(ForwardPass pass) {
    Matrix pooled = bert.pool(pass, bert.run(pass, null));
    Matrix logits = pass.computation.matrix(pooled.rows(), 2);
    pass.computation.linear(pooled, nextSentence, Activation.IDENTITY, null, logits);
    return logits;
  }

  @Override
  public Loss loss(Computation computation, Batch batch, Labels labels, Regularization with) {
    if (!(labels instanceof Labels.OfSequences(int[] classes))) {
      throw MegatronBert.wrongLabels(this, labels, "a label a sequence");
    }
    ForwardPass pass = ForwardPass.training(computation, batch, with);
    return Loss.crossEntropy(computation, logits(pass), classes, with.labelSmoothing());
  }
}
