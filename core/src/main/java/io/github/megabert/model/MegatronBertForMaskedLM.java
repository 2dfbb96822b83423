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
   * Takes the model out of a checkpoint.
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
      Tensor logits = pass.read(head.logits(computation, last));
      OptionalDouble loss =
          labels == null
              ? OptionalDouble.empty()
              : OptionalDouble.of(
                  Losses.crossEntropy(
                      logits,
                      Losses.integerLabels("labels", labels, batch.tokens()),
                      Losses.allRows(batch.tokens())));
      return new ModelOutput.Logits(logits, loss, pass.readLayers());
    }
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
