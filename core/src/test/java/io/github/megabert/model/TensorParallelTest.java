// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.TestBackends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ModelFamily;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Ranks that share a model give what transformers gives on one device. */
class TensorParallelTest {
  /** Relative error in the Euclidean norm. */
  private static final double BOUND = 2e-5;

  /** Norm of a difference that is none. */
  private static final double ROUNDING = 1e-7;

  static Stream<Arguments> classesOnRanks() {
    return TestBackends.names().stream()
        .flatMap(backend -> folders().map(folder -> Arguments.of(backend, folder)))
        .flatMap(
            a ->
                Stream.of(
                    Arguments.of(a.get()[0], a.get()[1], 2, false, true),
                    Arguments.of(a.get()[0], a.get()[1], 4, true, false)));
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
  @MethodSource("classesOnRanks")
  void everyRanksGradientsMatchTransformers(
      String backendName, String folder, int ranks, boolean recompute, boolean sequenceParallel)
      throws Exception {
    ThreadRanks.run(
        ranks,
        world -> {
          try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(folder));
              Safetensors cases = Fixtures.cases(folder);
              Backend backend = Backends.open(backendName, BackendOptions.DEFAULT.withThreads(1));
              TrainableModel model =
                  TrainableModel.load(
                      checkpoint,
                      backend,
                      LoadOptions.DEFAULT
                          .withTensorParallel(world)
                          .withSequenceParallel(sequenceParallel),
                      spec -> false)) {
            Map<String, Tensor> inputs =
                Fixtures.inputs(Fixtures.withPrefix(cases, "case1."), Set.of());
            Map<String, Tensor> actual =
                TransformersForward.gradients(model, inputs, Regularization.NONE, recompute);
            double loss = cases.tensor("case1.out.loss").getFloat(0);
            assertEquals(loss, actual.get("loss").getFloat(0), 1e-5 * loss);
            assertGradients(
                model,
                new TensorRank(world, false),
                new TreeMap<>(Fixtures.withPrefix(cases, "case1.grad.")),
                actual);
          }
        });
  }

  /** A bias behind a sum is the first rank's alone; the others walk the same way back. */
  @ParameterizedTest
  @CsvSource({"2, false, false", "2, true, true", "4, true, false"})
  void biasesThatOneRankAddsAreTrainedAlone(int ranks, boolean recompute, boolean sequenceParallel)
      throws Exception {
    String folder = Fixtures.folderOf(ModelFamily.MEGATRON_BERT, ModelClass.MASKED_LM);
    String only = "bert.encoder.layer.1.output.dense.bias";
    List<Map<String, Tensor>> all =
        ThreadRanks.call(
            ranks,
            world -> {
              try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(folder));
                  Safetensors cases = Fixtures.cases(folder);
                  Backend backend = Backends.open("scalar", BackendOptions.DEFAULT.withThreads(1));
                  TrainableModel model =
                      TrainableModel.load(
                          checkpoint,
                          backend,
                          LoadOptions.DEFAULT
                              .withTensorParallel(world)
                              .withSequenceParallel(sequenceParallel),
                          spec -> !spec.name().equals(only))) {
                Map<String, Tensor> inputs =
                    Fixtures.inputs(Fixtures.withPrefix(cases, "case1."), Set.of());
                Map<String, Tensor> actual =
                    TransformersForward.gradients(model, inputs, Regularization.NONE, recompute);
                assertGradients(
                    model,
                    new TensorRank(world, false),
                    Map.of(only, cases.tensor("case1.grad." + only)),
                    actual);
                return actual;
              }
            });
    assertEquals(Set.of("loss", "grad." + only), all.getFirst().keySet());
    assertEquals(Set.of("loss"), all.getLast().keySet());
  }

  @ParameterizedTest
  @MethodSource("io.github.megabert.backend.TestBackends#names")
  void ranksWithoutTokensHaveAllHiddenStatesAndProbabilities(String backendName) throws Exception {
    Batch batch = Batch.ofTokens(new int[][] {{5}, {7, 11}});
    OutputOptions options = new OutputOptions(true, true);
    List<List<Tensor>> states =
        ThreadRanks.call(
            4,
            world -> {
              try (Checkpoint checkpoint =
                      Checkpoint.open(
                          Fixtures.folder(
                              Fixtures.folderOf(ModelFamily.MEGATRON_BERT, ModelClass.MODEL)));
                  Backend backend =
                      Backends.open(backendName, BackendOptions.DEFAULT.withThreads(1))) {
                LoadOptions load = LoadOptions.ofClass(ModelClass.MODEL);
                MegatronBertModel whole =
                    (MegatronBertModel) MegatronBert.load(checkpoint, backend, load);
                MegatronBertModel part =
                    (MegatronBertModel)
                        MegatronBert.load(
                            checkpoint,
                            backend,
                            load.withTensorParallel(world).withSequenceParallel(true));
                LayerOutputs ofOne = whole.forward(batch, options).layers();
                LayerOutputs ofAll = part.forward(batch, options).layers();
                assertEquals(ofOne.attentions().size(), ofAll.attentions().size());
                for (int i = 0; i < ofOne.attentions().size(); i++) {
                  assertEquals(
                      ofOne.attentions().get(i).layout(), ofAll.attentions().get(i).layout());
                  TensorAssertions.assertClose(
                      "attention probabilities " + i,
                      ofOne.attentions().get(i).values(),
                      ofAll.attentions().get(i).values(),
                      1e-5);
                }
                List<Tensor> expected = ofOne.hiddenStates();
                List<Tensor> actual = ofAll.hiddenStates();
                assertEquals(expected.size(), actual.size());
                for (int i = 0; i < expected.size(); i++) {
                  TensorAssertions.assertClose(
                      "hidden state " + i, expected.get(i), actual.get(i), 1e-5);
                }
                return actual;
              }
            });
    assertEquals(4, states.size());
  }

  /** Checks a rank's part of whole gradients. */
  static void assertGradients(
      TrainableModel model,
      TensorRank rank,
      Map<String, Tensor> expected,
      Map<String, Tensor> actual) {
    ParameterTable table =
        ParameterTable.of(model.model().config().sizes(), model.model().modelClass());
    for (Map.Entry<String, Tensor> entry : expected.entrySet()) {
      String name = entry.getKey();
      ParameterSpec spec = table.get(name);
      Tensor gradient = actual.get("grad." + name);
      if (rank.isZero(spec)) {
        assertNull(gradient, name);
        continue;
      }
      Tensor part = rank.part(spec, entry.getValue());
      assertEquals(part.shape(), gradient.shape(), name);
      double whole = norm(entry.getValue());
      double difference = 0;
      for (long i = 0; i < part.elements(); i++) {
        double d = (double) gradient.getFloat(i) - part.getFloat(i);
        difference += d * d;
      }
      double bound = Math.max(BOUND * whole, ROUNDING);
      assertTrue(
          Math.sqrt(difference) <= bound, name + " is off by " + Math.sqrt(difference) / whole);
    }
  }

  private static double norm(Tensor tensor) {
    double sum = 0;
    for (long i = 0; i < tensor.elements(); i++) {
      sum += (double) tensor.getFloat(i) * tensor.getFloat(i);
    }
    return Math.sqrt(sum);
  }
}
