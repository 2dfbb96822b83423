package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A class for every token ({@code transformers.MegatronBertForTokenClassification}). */
public final class MegatronBertForTokenClassification implements MegatronBert {
  private final MegatronBertModel bert;
  private final Backend.Linear classifier;

  MegatronBertForTokenClassification(ParameterSource source) {
    bert = MegatronBertModel.loadWithoutPooler(source);
    classifier = source.head("classifier");
  }

  /**
   * Takes the model out of a checkpoint.
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
      Matrix last = bert.run(pass, null);
      Matrix out = computation.matrix(batch.tokens(), config().numLabels());
      computation.linear(last, classifier, Activation.IDENTITY, null, out);
      Tensor logits = pass.read(out);
      return new ModelOutput.Logits(
          logits, Losses.classification(logits, "labels", labels), pass.readLayers());
    }
  }
}
