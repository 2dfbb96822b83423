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

/** Which of several continuations fits? ({@code transformers.MegatronBertForMultipleChoice}) */
public final class MegatronBertForMultipleChoice implements MegatronBert {
  private final MegatronBertModel bert;
  private final Backend.Linear classifier;

  MegatronBertForMultipleChoice(ParameterSource source) {
    bert = MegatronBertModel.loadWithPooler(source);
    classifier = source.head(ParameterTable.CLASSIFIER);
  }

  /**
   * Loads the model from a checkpoint.
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
      Matrix out = logits(pass);
      int questions = batch.sequences() / choices;
      Tensor logits = pass.read(out, questions, choices);
      OptionalDouble loss = OptionalDouble.empty();
      if (labels != null) {
        int[] classes = Labels.integers("labels", labels, questions);
        loss = OptionalDouble.of(loss(pass, out, choices, classes).read(computation));
      }
      return new ModelOutput.Logits(logits, loss, pass.readLayers());
    }
  }

  private Matrix logits(ForwardPass pass) {
    Matrix pooled = bert.poolForClassifier(pass, bert.run(pass, null));
    Matrix logits = pass.computation.matrix(pooled.rows(), 1);
    pass.computation.linear(pooled, classifier, Activation.IDENTITY, null, logits);
    return logits;
  }

  private static Loss loss(ForwardPass pass, Matrix logits, int choices, int[] labels) {
    int[] offsets = new int[labels.length + 1];
    int[] chosen = labels.clone();
    for (int q = 0; q < labels.length; q++) {
      offsets[q + 1] = offsets[q] + choices;
      if (labels[q] == Labels.IGNORED) {
        chosen[q] = -1;
      } else if (labels[q] < 0 || labels[q] >= choices) {
        throw new IllegalArgumentException(
            "label " + labels[q] + " of question " + q + " is outside 0 … " + (choices - 1));
      }
    }
    return Loss.columnCrossEntropy(pass.computation, logits, 0, offsets, chosen);
  }

  /** Learns from one label a question; every question has as many choices. */
  @Override
  public Loss loss(Computation computation, Batch batch, Labels labels, Regularization with) {
    if (!(labels instanceof Labels.OfSequences(int[] classes))
        || classes.length == 0
        || batch.sequences() % classes.length != 0) {
      throw MegatronBert.wrongLabels(this, labels, "a label a question");
    }
    ForwardPass pass = ForwardPass.training(computation, batch, with);
    return loss(pass, logits(pass), batch.sequences() / classes.length, classes);
  }
}
