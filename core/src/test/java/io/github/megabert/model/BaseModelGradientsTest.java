// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.backend.Tape;
import io.github.megabert.backend.TestBackends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gradients pass from both outputs of the model without a head. PyTorch recorded those of {@code
 * (last² · mask).sum() / mask.sum() + pooled.sum()}; its value for the recorded outputs is 57.4944.
 */
class BaseModelGradientsTest {
  private static final String FOLDER = "transformers/MegatronBertModel";
  private static final double LOSS = 57.49440002441406;
  private static final double BOUND = 2e-5;
  private static final double ROUNDING = 1e-7;

  /** The gradient of a key's bias is zero but for rounding, 1.8e-7 as PyTorch recorded it. */
  private static final double KEY_BIAS_ROUNDING = 1e-6;

  static List<String> backends() {
    return TestBackends.names();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void everyGradientMatchesTransformers(String backendName) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(FOLDER));
        Safetensors cases = Fixtures.cases(FOLDER);
        Backend backend = Backends.open(backendName, TestBackends.options());
        TrainableModel model =
            TrainableModel.load(
                checkpoint, backend, LoadOptions.ofClass(ModelClass.MODEL), spec -> false)) {
      int[] mask = cases.tensor("case1.attention_mask").toIntArray();
      Shape shape = cases.shape("case1.input_ids");
      Batch batch =
          Batch.rectangle(
              shape.intExtent(0),
              shape.intExtent(1),
              cases.tensor("case1.input_ids").toIntArray(),
              cases.tensor("case1.token_type_ids").toIntArray(),
              null,
              mask,
              null);
      double bound = TestBackends.isNarrow() ? TestBackends.relativeBound() * LOSS : 1e-4;
      assertEquals(LOSS, differentiate(model, batch, mask), bound);
      Map<String, Tensor> expected = Fixtures.withPrefix(cases, "case1.grad.");
      assertEquals(39, expected.size());
      Map<String, Tensor> actual = new TreeMap<>();
      for (String name : expected.keySet()) {
        TrainableParameters.Parameter parameter = model.parameters().parameter("bert." + name);
        ResidentMatrix gradient = assertNotNullGradient(parameter);
        actual.put(name, model.parameters().read(parameter, gradient, Arena.ofAuto()));
      }
      if (TestBackends.isNarrow()) {
        TensorAssertions.assertAllClose(expected, actual, TestBackends.relativeBound());
        return;
      }
      expected.forEach(
          (name, gradient) ->
              TensorAssertions.assertCloseOrZero(
                  name,
                  gradient,
                  actual.get(name),
                  BOUND,
                  name.endsWith("key.bias") ? KEY_BIAS_ROUNDING : ROUNDING));
    }
  }

  private static ResidentMatrix assertNotNullGradient(TrainableParameters.Parameter parameter) {
    ResidentMatrix gradient = parameter.block().gradient();
    assertNotNull(gradient, parameter.spec().name());
    return gradient;
  }

  /** Walks back from the loss, put together of squared errors; its value. */
  private static double differentiate(TrainableModel model, Batch batch, int[] mask) {
    MegatronBertModel bert = (MegatronBertModel) model.model();
    TrainableParameters parameters = model.parameters();
    try (Tape tape = new Tape(parameters.backend().begin(), parameters, false)) {
      parameters.clearGradients(tape);
      ForwardPass pass = ForwardPass.training(tape, batch, Regularization.NONE);
      Matrix last = bert.run(pass, null);
      Matrix pooled = bert.pool(pass, last);
      Matrix squares = tape.squaredError(last, tape.upload(filled(last, 0)));
      // The derivative of (x − (x₀ − ½))² at x₀ is 1, as the sum's is.
      Tensor targets = filled(pooled, 0);
      tape.read(pooled, targets.segment());
      double sum = 0;
      for (long i = 0; i < targets.elements(); i++) {
        sum += targets.getFloat(i);
        targets.setFloat(i, targets.getFloat(i) - 0.5f);
      }
      Matrix shifted = tape.squaredError(pooled, tape.upload(targets));
      int counted = Arrays.stream(mask).sum();
      float[] weights = new float[mask.length];
      float[] norms = new float[mask.length];
      tape.read(squares, MemorySegment.ofArray(norms));
      for (int t = 0; t < mask.length; t++) {
        weights[t] = (float) mask[t] / counted;
        sum += (double) weights[t] * norms[t];
      }
      float[] ones = new float[pooled.rows()];
      Arrays.fill(ones, 1);
      tape.backward(List.of(squares, shifted), List.of(weights, ones));
      tape.finish();
      return sum;
    }
  }

  private static Tensor filled(Matrix like, float value) {
    float[] values = new float[like.rows() * like.columns()];
    Arrays.fill(values, value);
    return Tensor.wrap(
        MemorySegment.ofArray(values), DType.F32, Shape.of(like.rows(), like.columns()));
  }
}
