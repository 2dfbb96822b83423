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

/** A class for every token ({@code transformers.MegatronBertForTokenClassification}). */
public final class MegatronBertForTokenClassification implements MegatronBert {
  private final MegatronBertModel bert;
  private final Backend.Linear classifier;

  MegatronBertForTokenClassification(ParameterSource source) {
    bert = MegatronBertModel.loadWithoutPooler(source);
    classifier = source.head(ParameterTable.CLASSIFIER);
  }

  /**
   * Loads the model from a checkpoint.
   *
   * @throws IllegalArgumentException as {@link MegatronBert#load}
   */
  public static MegatronBertForTokenClassification load(Checkpoint checkpoint, Backend backend) {
    return (MegatronBertForTokenClassification)
        MegatronBert.load(
            checkpoint, backend, LoadOptions.ofClass(ModelClass.TOKEN_CLASSIFICATION));
  }

  @Override
  public MegatronBertConfig config() {
    return bert.config();
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.TOKEN_CLASSIFICATION;
  }

  @Override
  public Backend backend() {
    return bert.backend();
  }

  /**
   * Logits {@code [tokens, labels]}, and the mean cross entropy of the labelled tokens.
   *
   * @param labels {@code [tokens]} integers, -100 for tokens without a label; null without
   */
  public ModelOutput.Logits forward(Batch batch, @Nullable Tensor labels, OutputOptions options) {
    try (Computation computation = backend().begin()) {
      ForwardPass pass = new ForwardPass(computation, batch, options);
      Matrix logits = logits(pass);
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

  private Matrix logits(ForwardPass pass) {
    Matrix last = bert.run(pass, null);
    pass.drop(
        pass.regularization.ofTokens(0, Regularization.Place.CLASSIFIER, last.columns()), last);
    Matrix logits = pass.computation.matrix(last.rows(), config().numLabels());
    pass.computation.linear(last, classifier, Activation.IDENTITY, null, logits);
    return logits;
  }

  @Override
  public Loss loss(Computation computation, Batch batch, Labels labels, Regularization with) {
    if (!(labels instanceof Labels.OfTokens(int[] classes))) {
      throw MegatronBert.wrongLabels(this, labels, "a label a token");
    }
    ForwardPass pass = ForwardPass.training(computation, batch, with);
    return Loss.crossEntropy(computation, logits(pass), classes, with.labelSmoothing());
  }
}
