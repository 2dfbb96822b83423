package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Which of several continuations fits? ({@code transformers.MegatronBertForMultipleChoice}) */
public final class MegatronBertForMultipleChoice implements MegatronBert {
  private final MegatronBertModel bert;
  private final Backend.Linear classifier;

  MegatronBertForMultipleChoice(ParameterSource source) {
    bert = MegatronBertModel.loadWithPooler(source);
    classifier = source.head("classifier");
  }

  /**
   * Takes the model out of a checkpoint.
   *
   * @throws IllegalArgumentException as {@link MegatronBert#load}
   */
  public static MegatronBertForMultipleChoice load(Checkpoint checkpoint, Backend backend) {
    return (MegatronBertForMultipleChoice)
        MegatronBert.load(checkpoint, backend, LoadOptions.ofClass(ModelClass.MULTIPLE_CHOICE));
  }

  @Override
  public MegatronBertConfig config() {
    return bert.config();
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.MULTIPLE_CHOICE;
  }

  @Override
  public Backend backend() {
    return bert.backend();
  }

  /**
   * Logits {@code [questions, choices]}.
   *
   * @param batch the choices of the first question, then those of the second, …
   * @param choices choices a question; a divisor of the number of sequences
   * @param labels {@code [questions]} indices of the right choices; null without
   */
  public ModelOutput.Logits forward(
      Batch batch, int choices, @Nullable Tensor labels, OutputOptions options) {
    if (choices < 1 || batch.sequences() % choices != 0) {
      throw new IllegalArgumentException(
          "the batch has "
              + batch.sequences()
              + " sequences, not a multiple of "
              + choices
              + " choices");
    }
    try (Computation computation = backend().begin()) {
      ForwardPass pass = new ForwardPass(computation, batch, options);
      Matrix pooled = bert.pool(pass, bert.run(pass, null));
      Matrix out = computation.matrix(batch.sequences(), 1);
      computation.linear(pooled, classifier, Activation.IDENTITY, null, out);
      Tensor logits = pass.read(out, batch.sequences() / choices, choices);
      return new ModelOutput.Logits(
          logits, Losses.classification(logits, "labels", labels), pass.readLayers());
    }
  }
}
