// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.TestBackends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ModelFamily;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every gradient of every class is what PyTorch computes for transformers 5.17. */
class GradientsFixturesTest {
  /** Relative error in the Euclidean norm. */
  private static final double BOUND = 2e-5;

  /**
   * Norm of a difference that is none. Some gradients are zero but for rounding: those of keys'
   * biases, which softmax does not see, and of others that shift all logits of a softmax alike.
   */
  private static final double ROUNDING = 1e-7;

  static Stream<Arguments> classesOnBackends() {
    return TestBackends.names().stream()
        .flatMap(
            backend ->
                folders()
                    .flatMap(
                        folder ->
                            Stream.of(false, true)
                                .map(recompute -> Arguments.of(backend, folder, recompute))));
  }

  private static Stream<String> folders() {
    return Stream.of(ModelFamily.values())
        .flatMap(
            family ->
                Stream.of(ModelClass.values())
                    .filter(c -> c != ModelClass.MODEL)
                    .map(c -> Fixtures.folderOf(family, c)));
  }

  @ParameterizedTest
  @MethodSource("classesOnBackends")
  void everyGradientMatchesTransformers(String backendName, String folder, boolean recompute)
      throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(folder));
        Safetensors cases = Fixtures.cases(folder);
        Backend backend = Backends.open(backendName, TestBackends.options());
        TrainableModel model =
            TrainableModel.load(checkpoint, backend, LoadOptions.DEFAULT, spec -> false)) {
      Map<String, Tensor> inputs = Fixtures.inputs(Fixtures.withPrefix(cases, "case1."), Set.of());
      Map<String, Tensor> actual =
          TransformersForward.gradients(model, inputs, Regularization.NONE, recompute);
      double loss = cases.tensor("case1.out.loss").getFloat(0);
      assertEquals(loss, actual.get("loss").getFloat(0), TestBackends.relativeBound() * loss);
      Map<String, Tensor> expected = new TreeMap<>(Fixtures.withPrefix(cases, "case1.grad."));
      assertTrue(expected.size() >= 39, "the fixture has " + expected.keySet());
      assertEquals(expected.size() + 1, actual.size(), actual.keySet().toString());
      if (TestBackends.isNarrow()) {
        Map<String, Tensor> gradients = new TreeMap<>();
        expected.keySet().forEach(name -> gradients.put(name, actual.get("grad." + name)));
        TensorAssertions.assertAllClose(expected, gradients, TestBackends.relativeBound());
        return;
      }
      for (Map.Entry<String, Tensor> entry : expected.entrySet()) {
        Tensor gradient = actual.get("grad." + entry.getKey());
        assertEquals(entry.getValue().shape(), gradient.shape(), entry.getKey());
        TensorAssertions.assertCloseOrZero(
            entry.getKey(), entry.getValue(), gradient, BOUND, ROUNDING);
      }
    }
  }
}
