// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Where in a text does the answer to a question stand? ({@code
 * transformers.MegatronBertForQuestionAnswering})
 */
public final class MegatronBertForQuestionAnswering implements MegatronBert {
  private final MegatronBertModel bert;
  private final Backend.Linear outputs;

  MegatronBertForQuestionAnswering(ParameterSource source) {
    bert = MegatronBertModel.loadWithoutPooler(source);
    outputs = source.head(ParameterTable.ANSWER_SPAN);
  }

  /**
   * Loads the model from a checkpoint.
   *
   * @throws IllegalArgumentException as {@link MegatronBert#load}
   */
  public static MegatronBertForQuestionAnswering load(Checkpoint checkpoint, Backend backend) {
    return (MegatronBertForQuestionAnswering)
        MegatronBert.load(checkpoint, backend, LoadOptions.ofClass(ModelClass.QUESTION_ANSWERING));
  }

  @Override
  public MegatronBertConfig config() {
    return bert.config();
  }

  @Override
  public ModelClass modelClass() {
    return ModelClass.QUESTION_ANSWERING;
  }

  @Override
  public Backend backend() {
    return bert.backend();
  }

  /**
   * Logits {@code [tokens]} of the answer's first and last token. Each sequence's loss is taken
   * over its own tokens; a position is clamped to {@code [0, length]}, and one that is then {@code
   * length} is left out, as in transformers.
   *
   * @param startPositions {@code [sequences]} token indices within each sequence; null without
   * @param endPositions likewise
   */
  public ModelOutput.QuestionAnswering forward(
      Batch batch,
      @Nullable Tensor startPositions,
      @Nullable Tensor endPositions,
      OutputOptions options) {
    try (Computation computation = backend().begin()) {
      ForwardPass pass = new ForwardPass(computation, batch, options);
      Matrix out = logits(pass);
      Tensor both = pass.read(out);
      Tensor start = column(both, 0);
      Tensor end = column(both, 1);
      OptionalDouble loss = OptionalDouble.empty();
      if (startPositions != null && endPositions != null) {
        int[] starts = Labels.integers("start_positions", startPositions, batch.sequences());
        int[] ends = Labels.integers("end_positions", endPositions, batch.sequences());
        loss = OptionalDouble.of(loss(pass, out, starts, ends).read(computation));
      }
      return new ModelOutput.QuestionAnswering(start, end, loss, pass.readLayers());
    }
  }

  private static Tensor column(Tensor both, int column) {
    float[] values = new float[both.shape().intExtent(0)];
    for (int i = 0; i < values.length; i++) {
      values[i] = both.getFloat(2L * i + column);
    }
    return Tensor.wrap(MemorySegment.ofArray(values), DType.F32, Shape.of(values.length));
  }

  private Matrix logits(ForwardPass pass) {
    Matrix last = bert.run(pass, null);
    Matrix logits = pass.computation.matrix(last.rows(), 2);
    pass.computation.linear(last, outputs, Activation.IDENTITY, null, logits);
    return logits;
  }

  private static Loss loss(ForwardPass pass, Matrix logits, int[] starts, int[] ends) {
    return positionLoss(pass, logits, 0, starts)
        .plus(positionLoss(pass, logits, 1, ends))
        .times(0.5);
  }

  private static Loss positionLoss(ForwardPass pass, Matrix logits, int column, int[] labels) {
    int[] offsets = pass.batch.offsets();
    int[] positions = new int[labels.length];
    for (int b = 0; b < labels.length; b++) {
      int length = offsets[b + 1] - offsets[b];
      int position = Math.clamp(labels[b], 0, length);
      positions[b] = position < length ? position : -1;
    }
    return Loss.columnCrossEntropy(pass.computation, logits, column, offsets, positions);
  }

  @Override
  public Loss loss(Computation computation, Batch batch, Labels labels, Regularization with) {
    if (!(labels instanceof Labels.Spans(int[] starts, int[] ends))) {
      throw MegatronBert.wrongLabels(this, labels, "a first and a last token a sequence");
    }
    Labels.requireCount(starts, batch.sequences(), "sequences");
    Labels.requireCount(ends, batch.sequences(), "sequences");
    ForwardPass pass = ForwardPass.training(computation, batch, with);
    return loss(pass, logits(pass), starts, ends);
  }
}
