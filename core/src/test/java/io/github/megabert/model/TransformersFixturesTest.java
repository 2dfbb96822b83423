// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every class, on every backend, gives what transformers 5.17 gives. */
class TransformersFixturesTest {
  private static final double BOUND = TestBackends.relativeBound();

  static List<String> backends() {
    return TestBackends.names();
  }

  static Stream<Arguments> classesOnBackends() {
    return onBackends(
        Arrays.stream(ModelFamily.values())
            .flatMap(
                family -> Arrays.stream(ModelClass.values()).map(c -> Fixtures.folderOf(family, c)))
            .toArray(String[]::new));
  }

  static Stream<Arguments> megatronClassesOnBackends() {
    return onBackends(
        Arrays.stream(ModelClass.values())
            .map(c -> Fixtures.folderOf(ModelFamily.MEGATRON_BERT, c))
            .toArray(String[]::new));
  }

  static Stream<Arguments> activationsOnBackends() {
    return onBackends(
        "act_gelu_new",
        "act_gelu_pytorch_tanh",
        "act_quick_gelu",
        "act_relu",
        "act_silu",
        "act_tanh");
  }

  static Stream<Arguments> problemTypesOnBackends() {
    return onBackends(
        "problem_type_regression_1",
        "problem_type_regression_3",
        "problem_type_multi_label_classification_5");
  }

  private static Stream<Arguments> onBackends(String... names) {
    return backends().stream()
        .flatMap(backend -> Stream.of(names).map(name -> Arguments.of(backend, name)));
  }

  @Test
  void theOracleIsAmongTheBackends() {
    assertTrue(TestBackends.isOne() || backends().contains("scalar"), backends().toString());
  }

  @ParameterizedTest
  @MethodSource("classesOnBackends")
  void everyOutputMatchesTransformers(String backendName, String folder) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(folder));
        Safetensors cases = Fixtures.cases(folder);
        Backend backend = Backends.open(backendName, TestBackends.options())) {
      MegatronBert model = MegatronBert.load(checkpoint, backend, LoadOptions.DEFAULT);
      assertEquals(folder.substring(folder.indexOf('/') + 1), model.className());
      int count = folder.startsWith("bert/") ? 2 : 3;
      for (int i = 0; i < count; i++) {
        Map<String, Tensor> tensors = Fixtures.withPrefix(cases, "case" + i + ".");
        Map<String, Tensor> inputs =
            Fixtures.inputs(tensors, Set.of("inputs_embeds", "position_ids"));
        Map<String, Tensor> expected = Fixtures.withPrefix(cases, "case" + i + ".out.");
        assertTrue(expected.size() >= 6, "case " + i + " has " + expected.keySet());
        Map<String, Tensor> actual = TransformersForward.run(model, inputs, OutputOptions.ALL);
        assertMatches("case " + i, expected, actual, inputs.get("attention_mask"));
        assertEquals(expected.keySet(), Set.copyOf(actual.keySet()));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("megatronClassesOnBackends")
  void defaultInputsMatchTransformers(String backendName, String folder) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(folder));
        Safetensors cases = Fixtures.cases(folder);
        Backend backend = Backends.open(backendName, TestBackends.options())) {
      MegatronBert model = MegatronBert.load(checkpoint, backend, LoadOptions.DEFAULT);
      Map<String, Tensor> expected = Fixtures.withPrefix(cases, "case0.defaults.");
      assertTrue(!expected.isEmpty());
      Map<String, Tensor> actual =
          TransformersForward.run(
              model, Map.of("input_ids", cases.tensor("case0.input_ids")), OutputOptions.NONE);
      assertMatches("defaults", expected, actual, null);
      assertEquals(expected.keySet(), actual.keySet());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void embeddingsAndPositionsOfTheCallerMatchTransformers(String backendName) throws IOException {
    String folder = "transformers/MegatronBertModel";
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(folder));
        Safetensors cases = Fixtures.cases(folder);
        Backend backend = Backends.open(backendName, TestBackends.options())) {
      MegatronBertModel model = MegatronBertModel.load(checkpoint, backend);
      assertMatches(
          "inputs_embeds",
          Fixtures.withPrefix(cases, "case0.embeds."),
          TransformersForward.run(
              model,
              Map.of("inputs_embeds", cases.tensor("case0.inputs_embeds")),
              OutputOptions.NONE),
          null);
      assertMatches(
          "position_ids",
          Fixtures.withPrefix(cases, "case0.positions."),
          TransformersForward.run(
              model,
              Map.of(
                  "input_ids", cases.tensor("case0.input_ids"),
                  "position_ids", cases.tensor("case0.position_ids")),
              OutputOptions.NONE),
          null);
    }
  }

  @ParameterizedTest
  @MethodSource("activationsOnBackends")
  void activationMatchesTransformers(String backendName, String name) throws IOException {
    assertFolderMatches(backendName, "transformers/" + name, "logits");
  }

  @ParameterizedTest
  @MethodSource("problemTypesOnBackends")
  void lossOfTheProblemTypeMatchesTransformers(String backendName, String name) throws IOException {
    assertFolderMatches(backendName, "transformers/" + name, "logits", "loss");
  }

  private static void assertFolderMatches(String backendName, String folder, String... names)
      throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(folder));
        Safetensors cases = Fixtures.cases(folder);
        Backend backend = Backends.open(backendName, TestBackends.options())) {
      Map<String, Tensor> tensors = Fixtures.withPrefix(cases, "");
      Map<String, Tensor> inputs = Fixtures.inputs(tensors, Set.of());
      Map<String, Tensor> expected = new java.util.TreeMap<>(tensors);
      expected.keySet().retainAll(Set.of(names));
      assertEquals(names.length, expected.size());
      MegatronBert model = MegatronBert.load(checkpoint, backend, LoadOptions.DEFAULT);
      Map<String, Tensor> actual = TransformersForward.run(model, inputs, OutputOptions.NONE);
      assertMatches(folder, expected, actual, null);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void crossAttentionMatchesTransformers(String backendName) throws IOException {
    String folder = "transformers/decoder_cross_attention";
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(folder));
        Safetensors cases = Fixtures.cases(folder);
        Backend backend = Backends.open(backendName, TestBackends.options())) {
      Map<String, Tensor> inputs = Fixtures.inputs(Fixtures.withPrefix(cases, ""), Set.of());
      Map<String, Tensor> expected = Fixtures.withPrefix(cases, "out.");
      MegatronBert model = MegatronBert.load(checkpoint, backend, LoadOptions.DEFAULT);
      Map<String, Tensor> actual = TransformersForward.run(model, inputs, OutputOptions.ALL);
      assertMatches(folder, expected, actual, inputs.get("attention_mask"));
      assertEquals(expected.keySet(), Set.copyOf(actual.keySet()));
    }
  }

  /** Compares by name; rows of padding do not count where a tensor has a row a token. */
  private static void assertMatches(
      String what, Map<String, Tensor> expected, Map<String, Tensor> actual, Tensor mask) {
    for (Map.Entry<String, Tensor> entry : expected.entrySet()) {
      String name = entry.getKey();
      Tensor wanted = entry.getValue();
      Tensor got = actual.get(name);
      assertNotNull(got, what + ": no output " + name + " among " + actual.keySet());
      String message = what + ", " + name;
      if (name.equals("loss")) {
        assertEquals(wanted.getFloat(0), got.getFloat(0), BOUND, message);
        continue;
      }
      assertEquals(wanted.shape(), got.shape(), message);
      double bound = BOUND * (name.equals("logits") ? cancellation(wanted) : 1);
      TensorAssertions.assertClose(message, wanted, got, bound, keep(name, wanted, mask));
    }
  }

  /**
   * How much smaller than one the numbers are, in narrow precisions: a head with a few outputs sums
   * terms of size one, and what is left of them is as far off as the terms.
   */
  private static double cancellation(Tensor logits) {
    double squares = 0;
    for (float value : logits.toFloatArray()) {
      squares += (double) value * value;
    }
    return TestBackends.isNarrow() ? Math.max(1, Math.sqrt(logits.elements() / squares)) : 1;
  }

  private static boolean[] keep(String name, Tensor tensor, Tensor mask) {
    if (mask == null) {
      return null;
    }
    int length = mask.shape().intExtent(-1);
    int sequences = Math.toIntExact(mask.elements() / length);
    if (name.contains("attentions.")) {
      int heads = tensor.shape().intExtent(1);
      boolean[] keep = new boolean[sequences * heads * length];
      for (int i = 0; i < keep.length; i++) {
        keep[i] = mask.getLong((long) (i / (heads * length)) * length + i % length) != 0;
      }
      return keep;
    }
    boolean perToken = tensor.shape().rank() >= 2 && tensor.shape().extent(1) == length;
    if (!perToken) {
      return null;
    }
    boolean[] keep = new boolean[sequences * length];
    for (int i = 0; i < keep.length; i++) {
      keep[i] = mask.getLong(i) != 0;
    }
    return keep;
  }
}
