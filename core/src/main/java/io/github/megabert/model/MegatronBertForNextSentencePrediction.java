package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.Tensor;
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
    nextSentence = source.head("cls.seq_relationship");
  }

  /**
   * Takes the model out of a checkpoint.
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
      Matrix pooled = bert.pool(pass, bert.run(pass, null));
      Matrix out = computation.matrix(batch.sequences(), 2);
      computation.linear(pooled, nextSentence, Activation.IDENTITY, null, out);
      Tensor logits = pass.read(out);
      return new ModelOutput.Logits(
          logits, Losses.classification(logits, "labels", labels), pass.readLayers());
    }
  }
}
