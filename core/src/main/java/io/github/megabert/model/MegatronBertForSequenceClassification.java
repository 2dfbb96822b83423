package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ModelClass;
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
    classifier = source.head("classifier");
  }

  /**
   * Takes the model out of a checkpoint.
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
      Matrix pooled = bert.pool(pass, bert.run(pass, null));
      Matrix out = computation.matrix(batch.sequences(), config().numLabels());
      computation.linear(pooled, classifier, Activation.IDENTITY, null, out);
      Tensor logits = pass.read(out);
      return new ModelOutput.Logits(logits, loss(logits, labels), pass.readLayers());
    }
  }

  private OptionalDouble loss(Tensor logits, @Nullable Tensor labels) {
    if (labels == null) {
      return OptionalDouble.empty();
    }
    ProblemType type =
        config().problemType().isPresent()
            ? ProblemType.ofConfigName(config().problemType().get())
            : ProblemType.infer(config().numLabels(), labels.dtype());
    return switch (type) {
      case REGRESSION -> OptionalDouble.of(Losses.meanSquaredError(logits, labels));
      case SINGLE_LABEL -> Losses.classification(logits, "labels", labels);
      case MULTI_LABEL -> OptionalDouble.of(Losses.binaryCrossEntropy(logits, labels));
    };
  }
}
