// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Gradients of a forward pass in bfloat16 are near those that PyTorch computes in float32 for
 * transformers 5.17, and the same bits however they are computed.
 */
class BFloat16GradientsTest {
  /** Of all gradients together, as one vector: relative error in the Euclidean norm. */
  private static final double BOUND = 1.5e-2;

  /**
   * Of one parameter. All but a few are within 2e-2. The small gradients of the last queries and
   * keys, differences of softmax's large terms, reach 2.7e-2.
   */
  private static final double BOUND_OF_EACH = 3e-2;

  /** Of a gradient that is zero but for rounding, as a part of all gradients. */
  private static final double ROUNDING = 1e-7;

  static Stream<String> folders() {
    return Stream.of(ModelFamily.values())
        .flatMap(
            family ->
                Stream.of(ModelClass.values())
                    .filter(c -> c != ModelClass.MODEL)
                    .map(c -> Fixtures.folderOf(family, c)));
  }

  static Stream<Arguments> foldersOnBackends() {
    return Stream.of("scalar", "vector")
        .flatMap(backend -> folders().map(folder -> Arguments.of(backend, folder)));
  }

  private static Map<String, Tensor> gradients(
      String folder, String backendName, int threads, boolean recompute) throws IOException {
    BackendOptions options =
        BackendOptions.DEFAULT.withPrecision(Precision.BF16).withThreads(threads);
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(folder));
        Safetensors cases = Fixtures.cases(folder);
        Backend backend = Backends.open(backendName, options);
        TrainableModel model =
            TrainableModel.load(checkpoint, backend, LoadOptions.DEFAULT, spec -> false)) {
      Map<String, Tensor> inputs = Fixtures.inputs(Fixtures.withPrefix(cases, "case1."), Set.of());
      return TransformersForward.gradients(model, inputs, Regularization.NONE, recompute);
    }
  }

  @ParameterizedTest
  @MethodSource("foldersOnBackends")
  void gradientsAreNearThoseInFloat32(String backend, String folder) throws IOException {
    try (Safetensors cases = Fixtures.cases(folder)) {
      Map<String, Tensor> actual = gradients(folder, backend, 1, false);
      double loss = cases.tensor("case1.out.loss").getFloat(0);
      assertEquals(loss, actual.get("loss").getFloat(0), 5e-3 * loss);
      Map<String, Tensor> expected = new TreeMap<>(Fixtures.withPrefix(cases, "case1.grad."));
      assertEquals(expected.size() + 1, actual.size(), actual.keySet().toString());
      double squares = expected.values().stream().mapToDouble(t -> squares(t, null)).sum();
      double errors = 0;
      for (Map.Entry<String, Tensor> entry : expected.entrySet()) {
        double error = squares(entry.getValue(), actual.get("grad." + entry.getKey()));
        double bound =
            Math.max(
                BOUND_OF_EACH * Math.sqrt(squares(entry.getValue(), null)),
                ROUNDING * Math.sqrt(squares));
        assertTrue(Math.sqrt(error) <= bound, entry.getKey() + " is off by " + Math.sqrt(error));
        errors += error;
      }
      double error = Math.sqrt(errors / squares);
      assertTrue(error <= BOUND, "all are off by " + error);
      assertTrue(error >= 1e-4, "nothing has been rounded: all are off by " + error);
    }
  }

  /** The sum of the squares of a tensor, or of its difference from another. */
  private static double squares(Tensor x, @Nullable Tensor y) {
    double sum = 0;
    for (long i = 0; i < x.elements(); i++) {
      double value = (double) x.getFloat(i) - (y == null ? 0 : y.getFloat(i));
      sum += value * value;
    }
    return sum;
  }

  @ParameterizedTest
  @MethodSource("folders")
  void threadsAndRecomputationChangeNoBit(String folder) throws IOException {
    Map<String, Tensor> first = gradients(folder, "vector", 1, false);
    assertSame(first, gradients(folder, "vector", 3, false));
    assertSame(first, gradients(folder, "vector", 2, true));
  }

  @ParameterizedTest
  @ValueSource(strings = "transformers/MegatronBertForMaskedLM")
  void recomputationChangesNoBitOfTheOracle(String folder) throws IOException {
    assertSame(gradients(folder, "scalar", 1, false), gradients(folder, "scalar", 1, true));
  }

  private static void assertSame(Map<String, Tensor> first, Map<String, Tensor> second) {
    assertEquals(first.keySet(), second.keySet());
    first.forEach(
        (name, tensor) -> assertEquals(-1, tensor.segment().mismatch(second.get(name).segment())));
  }
}
