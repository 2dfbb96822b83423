// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Tape;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A tape tells when a gradient is complete, and nothing is added to it after that. */
class CompletedGradientsTest {
  private static final MegatronBertConfig CONFIG =
      MegatronBertConfig.ofSizes(3, 16, 2, 50, 101, 32);

  private static float[] numbers(Matrix matrix, Computation reader) {
    Tensor tensor =
        Tensor.allocate(Arena.ofAuto(), DType.F32, Shape.of(matrix.rows(), matrix.columns()));
    reader.read(matrix, tensor.segment());
    return tensor.toFloatArray();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyGradientIsToldOnceWhenItIsComplete(boolean recompute) throws Exception {
    try (Backend backend = Backends.open("scalar", BackendOptions.DEFAULT);
        RandomCheckpoint weights = RandomCheckpoint.of(CONFIG, ModelClass.PRE_TRAINING, 1);
        TrainableModel model =
            TrainableModel.load(weights, backend, LoadOptions.DEFAULT, spec -> false)) {
      Map<Matrix, float[]> told = new LinkedHashMap<>();
      try (Tape tape =
          new Tape(
              backend.begin(),
              model.parameters(),
              recompute,
              (computation, gradient) ->
                  assertNull(told.put(gradient, numbers(gradient, computation))))) {
        int[] labels = {3, Labels.IGNORED, 5, 7, Labels.IGNORED};
        Loss loss =
            model
                .model()
                .loss(
                    tape,
                    Batch.ofTokens(new int[][] {{5, 6, 7}, {8, 9}}),
                    new Labels.OfPreTraining(labels, new int[] {0, 1}),
                    Regularization.NONE);
        assertTrue(told.isEmpty());
        loss.backward(tape, 1);
        tape.finish();
      }
      List<Matrix> expected = new ArrayList<>();
      for (TrainableParameters.Block block : model.parameters().blocks()) {
        expected.add(block.gradient());
      }
      assertEquals(expected.size(), told.size());
      try (Computation reader = backend.begin()) {
        told.forEach((gradient, numbers) -> assertArrayEquals(numbers(gradient, reader), numbers));
      }
      // Heads come first, and the word embeddings last: the decoder and the input share them.
      List<Matrix> order = List.copyOf(told.keySet());
      Matrix words = weight(model, "bert.embeddings.word_embeddings.weight");
      assertTrue(order.indexOf(words) >= order.size() - 3);
      int last = order.indexOf(weight(model, "bert.encoder.layer.2.output.dense.weight"));
      int first = order.indexOf(weight(model, "bert.encoder.layer.0.output.dense.weight"));
      assertTrue(last < first, "the last layer is complete before the first");
    }
  }

  private static Matrix weight(TrainableModel model, String name) {
    Matrix gradient = model.parameters().parameter(name).block().gradient();
    assertTrue(gradient != null, name);
    return gradient;
  }
}
