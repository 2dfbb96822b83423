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
 * A class, several classes, or numbers for a text or a pair of texts ({@code
 * transformers.MegatronBertForSequenceClassification}).
 */
public final class MegatronBertForSequenceClassification implements MegatronBert {
  private final MegatronBertModel bert;
  private final Backend.Linear classifier;

  MegatronBertForSequenceClassification(ParameterSource source) {
    bert = MegatronBertModel.loadWithPooler(source);
    classifier = source.head(ParameterTable.CLASSIFIER);
  }

  /**
   * Loads the model from a checkpoint.
   *
   * @throws IllegalArgumentException as {@link MegatronBert#load}
   */
  public static MegatronBertForSequenceClassification load(Checkpoint checkpoint, Backend backend) {
    return (MegatronBertForSequenceClassification)
        MegatronBert.load(
            checkpoint, backend, LoadOptions.ofClass(ModelClass.SEQUENCE_CLASSIFICATION));
  }

  @Override
  public MegatronBertConfig config() {
    return bert.config();
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.SEQUENCE_CLASSIFICATION;
  }

  @Override
  public Backend backend() {
    return bert.backend();
  }

  /**
   * Logits {@code [sequences, labels]}. The loss follows {@code problem_type}; where the
   * configuration has none: one label is regression, integer labels are classes, other labels are
   * independent.
   *
   * @param labels classes: {@code [sequences]} integers; regression and independent labels: as many
   *     floats as logits; null without
   */
  public ModelOutput.Logits forward(Batch batch, @Nullable Tensor labels, OutputOptions options) {
    try (Computation computation = backend().begin()) {
      ForwardPass pass = new ForwardPass(computation, batch, options);
      Matrix logits = logits(pass);
      Tensor read = pass.read(logits);
      OptionalDouble loss =
          labels == null
              ? OptionalDouble.empty()
              : OptionalDouble.of(loss(pass, logits, labels).read(computation));
      return new ModelOutput.Logits(read, loss, pass.readLayers());
    }
  }

  private Matrix logits(ForwardPass pass) {
    Matrix pooled = bert.poolForClassifier(pass, bert.run(pass, null));
    Matrix logits = pass.computation.matrix(pooled.rows(), config().numLabels());
    pass.computation.linear(pooled, classifier, Activation.IDENTITY, null, logits);
    return logits;
  }

  private Loss loss(ForwardPass pass, Matrix logits, Tensor labels) {
    ProblemType type = problemType(labels.dtype().isFloating());
    if (type == ProblemType.SINGLE_LABEL) {
      return classLoss(pass, logits, Labels.integers("labels", labels, logits.rows()));
    }
    return valueLoss(pass, logits, labels, type);
  }

  /** Whether the head learns from numbers, not from classes, given the type of its labels. */
  boolean learnsFromValues(boolean isFloating) {
    return problemType(isFloating) != ProblemType.SINGLE_LABEL;
  }

  private ProblemType problemType(boolean isFloating) {
    return config()
        .problemType()
        .map(ProblemType::ofConfigName)
        .orElseGet(() -> ProblemType.infer(config().numLabels(), isFloating));
  }

  private static Loss classLoss(ForwardPass pass, Matrix logits, int[] classes) {
    return Loss.crossEntropy(
        pass.computation, logits, classes, pass.regularization.labelSmoothing());
  }

  private static Loss valueLoss(ForwardPass pass, Matrix logits, Tensor values, ProblemType type) {
    return type == ProblemType.REGRESSION
        ? Loss.squaredError(pass.computation, logits, values)
        : Loss.binaryCrossEntropy(pass.computation, logits, values);
  }

  /** Learns from classes, or from numbers: regression and independent labels. */
  @Override
  public Loss loss(Computation computation, Batch batch, Labels labels, Regularization with) {
    ForwardPass pass = ForwardPass.training(computation, batch, with);
    return switch (labels) {
      case Labels.OfSequences(int[] classes) when problemType(false) == ProblemType.SINGLE_LABEL ->
          classLoss(pass, logits(pass), classes);
      case Labels.Values(Tensor values) when problemType(true) != ProblemType.SINGLE_LABEL ->
          valueLoss(pass, logits(pass), values, problemType(true));
      default ->
          throw MegatronBert.wrongLabels(
              this, labels, "labels of the problem type " + problemType(true).configName());
    };
  }
}
