// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.TestBackends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.train.optim.AdamW;
import io.github.megabert.train.optim.AdamWOptions;
import io.github.megabert.train.optim.Schedule;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Ten steps of AdamW on every class go as PyTorch went with transformers 5.17. */
class TrainedFixturesTest {
  private static final double PEAK_RATE = 1e-3;

  /** Of what a loss may be off; in narrow precisions a hundredth. */
  private static final double LOSS_BOUND = TestBackends.isNarrow() ? 1e-2 : 5e-5;

  private static final double NORM_BOUND =
      TestBackends.isNarrow() ? TestBackends.relativeBound() : 1e-3;

  /** Norm of a gradient that is none. */
  private static final double ROUNDING = 1e-6;

  static Stream<Arguments> classesOnBackends() {
    return TestBackends.names().stream()
        .flatMap(
            backend ->
                Stream.of(ModelClass.values())
                    .filter(c -> c != ModelClass.MODEL)
                    .map(c -> Arguments.of(backend, c)));
  }

  @ParameterizedTest
  @MethodSource("classesOnBackends")
  void lossesNormsAndParametersMatchPyTorch(String backendName, ModelClass modelClass)
      throws IOException {
    String folder = "transformers/" + modelClass.className();
    JsonNode training =
        JsonMapper.shared()
            .readTree(Fixtures.folder(folder).resolve("cases.json").toFile())
            .get("training");
    JsonNode steps = training.get("steps");
    assertEquals(10, steps.size());
    Schedule schedule = new Schedule(Schedule.Decay.LINEAR, 3, 10);
    AdamWOptions options = AdamWOptions.DEFAULT.withLearningRate(PEAK_RATE);
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(folder));
        Safetensors cases = Fixtures.cases(folder);
        Backend backend = Backends.open(backendName, TestBackends.options());
        TrainableModel model =
            TrainableModel.load(checkpoint, backend, LoadOptions.DEFAULT, spec -> false);
        AdamW optimizer = new AdamW(model.parameters(), options)) {
      String prefix = "case" + training.get("case").asInt() + ".";
      Map<String, Tensor> inputs = Fixtures.inputs(Fixtures.withPrefix(cases, prefix), Set.of());
      for (int i = 0; i < 10; i++) {
        JsonNode step = steps.get(i);
        assertEquals(step.get("lr").asDouble(), schedule.rate(PEAK_RATE, i), 1e-12);
        Map<String, Tensor> gradients =
            TransformersForward.gradients(model, inputs, Regularization.NONE, false);
        double loss = step.get("loss").asDouble();
        assertEquals(
            loss, gradients.get("loss").getFloat(0), LOSS_BOUND * loss, "loss of step " + i);
        try (Computation computation = backend.begin()) {
          double norm = optimizer.step(computation, schedule.factor(i));
          double expected = step.get("grad_norm").asDouble();
          assertEquals(expected, norm, NORM_BOUND * expected, "gradient norm of step " + i);
          computation.finish();
        }
      }
      if (!TestBackends.isNarrow()) {
        // AdamW's first steps tell the signs of gradients alone, and those of small ones are noise.
        assertParameters(cases, model.parameters());
      }
    }
  }

  /**
   * Parameters whose exact gradient is zero are left out, since AdamW walks at random there: the
   * biases of keys, which softmax does not see, and what shifts all logits of a softmax alike (the
   * classifier's bias of multiple choice, the closing LayerNorm's of question answering).
   */
  private static void assertParameters(Safetensors cases, TrainableParameters parameters)
      throws IOException {
    Map<String, Tensor> trained = Fixtures.withPrefix(cases, "trained.");
    int compared = 0;
    for (Map.Entry<String, Tensor> entry : trained.entrySet()) {
      if (norm(cases.tensor("case1.grad." + entry.getKey())) > ROUNDING) {
        Tensor actual = parameters.values().tensor(entry.getKey());
        double error = relativeError(entry.getValue(), actual);
        assertTrue(error <= 1e-3, entry.getKey() + " is off by " + error);
        compared++;
      }
    }
    assertTrue(compared >= 35, "compared " + compared + " of " + trained.keySet());
  }

  private static double norm(Tensor tensor) {
    double squares = 0;
    for (long i = 0; i < tensor.elements(); i++) {
      squares += (double) tensor.getFloat(i) * tensor.getFloat(i);
    }
    return Math.sqrt(squares);
  }

  private static double relativeError(Tensor expected, Tensor actual) {
    double difference = 0;
    double norm = 0;
    for (long i = 0; i < expected.elements(); i++) {
      double d = (double) actual.getFloat(i) - expected.getFloat(i);
      difference += d * d;
      norm += (double) expected.getFloat(i) * expected.getFloat(i);
    }
    return Math.sqrt(difference / norm);
  }
}
