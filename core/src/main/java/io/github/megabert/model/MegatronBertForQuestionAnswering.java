package io.github.megabert.model;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ModelClass;
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
    outputs = source.head("qa_outputs");
  }

  /**
   * Takes the model out of a checkpoint.
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
      Matrix last = bert.run(pass, null);
      Matrix out = computation.matrix(batch.tokens(), 2);
      computation.linear(last, outputs, Activation.IDENTITY, null, out);
      Tensor both = pass.read(out);
      Tensor start = column(both, 0);
      Tensor end = column(both, 1);
      OptionalDouble loss = OptionalDouble.empty();
      if (startPositions != null && endPositions != null) {
        loss =
            OptionalDouble.of(
                (positionLoss(batch, start, "start_positions", startPositions)
                        + positionLoss(batch, end, "end_positions", endPositions))
                    / 2);
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

  private static double positionLoss(Batch batch, Tensor logits, String name, Tensor positions) {
    int[] labels = Losses.integerLabels(name, positions, batch.sequences());
    double sum = 0;
    int count = 0;
    for (int b = 0; b < labels.length; b++) {
      int first = batch.offsets()[b];
      int length = batch.offsets()[b + 1] - first;
      int position = Math.clamp(labels[b], 0, length);
      if (position < length) {
        sum += Losses.negativeLogLikelihood(logits, first, length, position);
        count++;
      }
    }
    return sum / count;
  }
}
