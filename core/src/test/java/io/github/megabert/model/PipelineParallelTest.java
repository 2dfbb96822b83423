// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.backend.Tape;
import io.github.megabert.backend.TestBackends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.model.PipelinePasses.MicroBatch;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.parallel.RankFailedException;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.parallel.Timeline;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ModelFamily;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Ranks that have some of the layers each give what transformers gives on one device. */
class PipelineParallelTest {
  private static final BackendOptions ONE_THREAD = BackendOptions.DEFAULT.withThreads(1);

  static Stream<Arguments> classesOnRanks() {
    return TestBackends.names().stream()
        .flatMap(backend -> folders().map(folder -> Arguments.of(backend, folder)))
        .map(
            a ->
                a.get()[0].equals("scalar")
                    ? Arguments.of(a.get()[0], a.get()[1], 2, false, true)
                    : Arguments.of(a.get()[0], a.get()[1], 1, true, false));
  }

  static Stream<Arguments> classes() {
    return TestBackends.names().stream()
        .flatMap(backend -> folders().map(folder -> Arguments.of(backend, folder)));
  }

  private static Stream<String> folders() {
    return Stream.of(ModelFamily.values())
        .flatMap(
            family ->
                Stream.of(ModelClass.values())
                    .filter(c -> c != ModelClass.MODEL)
                    .map(c -> Fixtures.folderOf(family, c)));
  }

  private static LoadOptions divided(ParallelGroups groups, int perRank) {
    Communicator tensor = groups.plan().tensor() == 1 ? null : groups.tensor();
    return LoadOptions.DEFAULT
        .withTensorParallel(tensor)
        .withPipelineParallel(groups.pipeline(), perRank);
  }

  @ParameterizedTest
  @MethodSource("classesOnRanks")
  void everyStagesGradientsMatchTransformers(
      String backendName, String folder, int tensor, boolean recompute, boolean sequenceParallel)
      throws Exception {
    ParallelPlan plan = new ParallelPlan(tensor, 2, 1);
    List<Set<String>> names =
        ThreadRanks.call(
            plan.ranks(),
            world -> {
              LoadOptions load =
                  divided(plan.groups(world), 1).withSequenceParallel(sequenceParallel);
              try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(folder));
                  Safetensors cases = Fixtures.cases(folder);
                  Backend backend = Backends.open(backendName, ONE_THREAD);
                  TrainableModel model =
                      TrainableModel.load(checkpoint, backend, load, spec -> false)) {
                Map<String, Tensor> actual =
                    TransformersForward.gradients(
                        model,
                        Fixtures.inputs(Fixtures.withPrefix(cases, "case1."), Set.of()),
                        Regularization.NONE,
                        recompute);
                double loss = cases.tensor("case1.out.loss").getFloat(0);
                assertEquals(loss, actual.get("loss").getFloat(0), 1e-5 * loss);
                Map<String, Tensor> expected =
                    new TreeMap<>(Fixtures.withPrefix(cases, "case1.grad."));
                Set<String> all = new TreeSet<>(expected.keySet());
                Set<String> here = parametersOf(model);
                expected.keySet().retainAll(here);
                TensorParallelTest.assertGradients(
                    model, model.parameters().share().tensor(), expected, actual);
                assertEquals(all, new TreeSet<>(model.parameters().values().names()));
                return here;
              }
            });
    Set<String> first = new HashSet<>(names.getFirst());
    first.retainAll(names.getLast());
    // No weight but that of a tied decoder is on two ranks.
    first.remove("bert.embeddings.word_embeddings.weight");
    assertEquals(Set.of(), first);
  }

  @ParameterizedTest
  @MethodSource("classes")
  void everyRankAnswersAsTransformers(String backendName, String folder) throws Exception {
    ThreadRanks.run(
        2,
        world -> {
          LoadOptions load = LoadOptions.DEFAULT.withPipelineParallel(world, 1);
          try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(folder));
              Safetensors cases = Fixtures.cases(folder);
              Backend backend = Backends.open(backendName, ONE_THREAD)) {
            MegatronBert model = MegatronBert.load(checkpoint, backend, load);
            Map<String, Tensor> inputs =
                Fixtures.inputs(Fixtures.withPrefix(cases, "case1."), Set.of());
            Map<String, Tensor> outputs =
                TransformersForward.run(model, inputs, OutputOptions.NONE);
            for (Map.Entry<String, Tensor> output : outputs.entrySet()) {
              TensorAssertions.assertClose(
                  output.getKey(),
                  cases.tensor("case1.out." + output.getKey()),
                  output.getValue(),
                  TestBackends.relativeBound());
            }
          }
        });
  }

  /** Two sequences, which change places: every stage keeps keys and values of its layers. */
  @Test
  void stagesGenerateWhatOneRankDoes() throws Exception {
    MegatronBertConfig config =
        MegatronBertConfig.ofSizes(5, 16, 4, 20, 61, 16).with("is_decoder", true);
    Batch prompts = Batch.ofTokens(new int[][] {{5, 9, 2}, {7}});
    ThreadRanks.run(
        2,
        world -> {
          LoadOptions load = LoadOptions.ofClass(ModelClass.CAUSAL_LM);
          try (Backend backend = Backends.open("vector", ONE_THREAD);
              RandomCheckpoint weights = RandomCheckpoint.of(config, ModelClass.CAUSAL_LM, 1)) {
            List<Tensor> expected =
                steps((MegatronBertForCausalLM) MegatronBert.load(weights, backend, load), prompts);
            List<Tensor> actual =
                steps(
                    (MegatronBertForCausalLM)
                        MegatronBert.load(weights, backend, load.withPipelineParallel(world, 2)),
                    prompts);
            for (int i = 0; i < expected.size(); i++) {
              TensorAssertions.assertClose("step " + i, expected.get(i), actual.get(i), 1e-5);
            }
          }
        });
  }

  private static List<Tensor> steps(MegatronBertForCausalLM model, Batch prompts) {
    List<Tensor> logits = new ArrayList<>();
    try (KeyValueCache cache = model.newCache(2, 8)) {
      logits.add(model.step(prompts, cache));
      cache.select(new int[] {1, 0});
      int[] positions = {cache.length(0), cache.length(1)};
      Batch next = Batch.rectangle(2, 1, new int[] {3, 4}, null, positions, null, null);
      logits.add(model.step(next, cache));
    }
    return logits;
  }

  /** Ragged parts of a batch, some shorter than the ranks that divide their tokens. */
  private static List<MicroBatch> ragged(int count) {
    List<MicroBatch> parts = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < count; i++) {
      int[][] tokens = new int[1 + i % 3][];
      for (int b = 0; b < tokens.length; b++) {
        tokens[b] = random.ints(i == 1 ? 1 : 2 + random.nextInt(9), 0, 61).toArray();
      }
      Batch batch = Batch.ofTokens(tokens);
      int[] labels = random.ints(batch.tokens(), 0, 61).toArray();
      int[] order = random.ints(tokens.length, 0, 2).toArray();
      parts.add(
          new MicroBatch(
              batch,
              new Labels.OfPreTraining(labels, order),
              new Regularization(0.1, 0.1, 0.1, 0, 3, 5, 100L * i, 10L * i, 1000L * i)));
    }
    return parts;
  }

  private record Result(double loss, Map<String, Tensor> gradients) {}

  /** Loss and gradients, by the parameters' names, of the parts of a batch. */
  private static Result pass(TrainableModel model, List<MicroBatch> parts) {
    TrainableParameters parameters = model.parameters();
    double factor = 1.0 / parts.size();
    double loss = 0;
    if (parameters.share().isPipeline()) {
      loss =
          new PipelinePasses(model, Timeline.OFF)
              .addGradients(parts, factor, false, (computation, gradient) -> {});
    } else {
      for (MicroBatch part : parts) {
        try (Tape tape = new Tape(parameters.backend().begin(), parameters, false)) {
          Loss one = model.model().loss(tape, part.batch(), part.labels(), part.with());
          loss += one.read(tape) * factor;
          one.backward(tape, factor);
          tape.finish();
        }
      }
    }
    try (Computation computation = parameters.backend().begin()) {
      parameters.sumShared(computation);
      computation.finish();
    }
    Map<String, Tensor> gradients = new TreeMap<>();
    for (TrainableParameters.Parameter parameter : parameters.parameters()) {
      ResidentMatrix gradient = parameter.block().gradient();
      if (gradient != null && !parameter.isFrozen()) {
        gradients.put(
            parameter.spec().name(), parameters.read(parameter, gradient, Arena.ofAuto()));
      }
    }
    return new Result(loss, gradients);
  }

  private static Result onOneRank(MegatronBertConfig config, List<MicroBatch> parts) {
    try (Backend backend = Backends.open("scalar", ONE_THREAD);
        RandomCheckpoint weights = RandomCheckpoint.of(config, ModelClass.PRE_TRAINING, 1);
        TrainableModel model =
            TrainableModel.load(weights, backend, LoadOptions.DEFAULT, spec -> false)) {
      return pass(model, parts);
    }
  }

  @ParameterizedTest
  @CsvSource({
    // tensor, pipeline, stages a rank, layers, parts
    "1, 2, 1, 5, 1",
    "1, 2, 1, 5, 4",
    "1, 3, 1, 5, 2",
    "1, 3, 1, 3, 7",
    "2, 3, 1, 4, 3",
    "1, 2, 2, 5, 4",
    "1, 2, 2, 4, 3",
    "1, 3, 2, 7, 5",
    "2, 2, 3, 6, 2"
  })
  void stagesAddTheGradientsOfOneRank(int tensor, int pipeline, int perRank, int layers, int count)
      throws Exception {
    MegatronBertConfig config = MegatronBertConfig.ofSizes(layers, 16, 4, 20, 61, 16);
    List<MicroBatch> parts = ragged(count);
    Result expected = onOneRank(config, parts);
    ParallelPlan plan = new ParallelPlan(tensor, pipeline, 1);
    ThreadRanks.run(
        plan.ranks(),
        world -> {
          LoadOptions load = divided(plan.groups(world), perRank).withSequenceParallel(tensor > 1);
          try (Backend backend = Backends.open("vector", ONE_THREAD);
              RandomCheckpoint weights = RandomCheckpoint.of(config, ModelClass.PRE_TRAINING, 1);
              TrainableModel model = TrainableModel.load(weights, backend, load, spec -> false)) {
            Result actual = pass(model, parts);
            assertEquals(expected.loss, actual.loss, 1e-5 * expected.loss);
            Map<String, Tensor> wanted = new TreeMap<>(expected.gradients);
            wanted.keySet().retainAll(parametersOf(model));
            Map<String, Tensor> named = new TreeMap<>();
            actual.gradients.forEach((name, value) -> named.put("grad." + name, value));
            TensorParallelTest.assertGradients(
                model, model.parameters().share().tensor(), wanted, named);
          }
        });
  }

  private static Set<String> parametersOf(TrainableModel model) {
    return model.parameters().parameters().stream()
        .map(parameter -> parameter.spec().name())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void aRankHasTheWeightsOfItsStagesAlone() throws Exception {
    MegatronBertConfig config = MegatronBertConfig.ofSizes(5, 16, 4, 20, 61, 16);
    List<Set<String>> names =
        ThreadRanks.call(
            2,
            world -> {
              LoadOptions load = LoadOptions.DEFAULT.withPipelineParallel(world, 2);
              try (Backend backend = Backends.open("scalar", ONE_THREAD);
                  RandomCheckpoint weights =
                      RandomCheckpoint.of(config, ModelClass.PRE_TRAINING, 1);
                  TrainableModel model =
                      TrainableModel.load(weights, backend, load, spec -> false)) {
                return parametersOf(model).stream()
                    .map(name -> name.replaceAll("(layer[.][0-9]+)[.].*", "$1"))
                    .collect(Collectors.toCollection(TreeSet::new));
              }
            });
    assertEquals(
        Set.of(
            "bert.embeddings.position_embeddings.weight",
            "bert.embeddings.token_type_embeddings.weight",
            "bert.embeddings.word_embeddings.weight",
            "bert.encoder.layer.0",
            "bert.encoder.layer.1",
            "bert.encoder.layer.3"),
        names.getFirst());
    assertEquals(
        Set.of(
            "bert.embeddings.word_embeddings.weight",
            "bert.encoder.layer.2",
            "bert.encoder.layer.4",
            "bert.encoder.ln.bias",
            "bert.encoder.ln.weight",
            "bert.pooler.dense.bias",
            "bert.pooler.dense.weight",
            "cls.predictions.bias",
            "cls.predictions.transform.LayerNorm.bias",
            "cls.predictions.transform.LayerNorm.weight",
            "cls.predictions.transform.dense.bias",
            "cls.predictions.transform.dense.weight",
            "cls.seq_relationship.bias",
            "cls.seq_relationship.weight"),
        names.getLast());
  }

  @ParameterizedTest
  @CsvSource({
    "2, 2, 3, the model's 3 layers cannot be divided into 4 stages (2 pipeline-parallel ranks with"
        + " 2 each)",
    "1, 2, 3, one rank cannot interleave 2 stages"
  })
  void whatCannotBeDividedIsRefused(int ranks, int perRank, int layers, String message) {
    MegatronBertConfig config = MegatronBertConfig.ofSizes(layers, 16, 4, 20, 61, 16);
    RankFailedException failure =
        assertThrows(
            RankFailedException.class,
            () ->
                ThreadRanks.run(
                    ranks,
                    world -> {
                      try (Backend backend = Backends.open("scalar", ONE_THREAD);
                          RandomCheckpoint weights =
                              RandomCheckpoint.of(config, ModelClass.MASKED_LM, 1)) {
                        MegatronBert _ =
                            MegatronBert.load(
                                weights,
                                backend,
                                LoadOptions.DEFAULT.withPipelineParallel(world, perRank));
                      }
                    }));
    assertTrue(String.valueOf(failure.getMessage()).contains(message), failure.getMessage());
  }

  @Test
  void hiddenStatesOfStagesAreRefused() {
    MegatronBertConfig config = MegatronBertConfig.ofSizes(2, 16, 4, 20, 61, 16);
    RankFailedException failure =
        assertThrows(
            RankFailedException.class,
            () ->
                ThreadRanks.run(
                    2,
                    world -> {
                      try (Backend backend = Backends.open("scalar", ONE_THREAD);
                          RandomCheckpoint weights =
                              RandomCheckpoint.of(config, ModelClass.MODEL, 1)) {
                        MegatronBertModel model =
                            (MegatronBertModel)
                                MegatronBert.load(
                                    weights,
                                    backend,
                                    LoadOptions.DEFAULT.withPipelineParallel(world, 1));
                        Batch batch = Batch.ofTokens(new int[][] {{5}});
                        ModelOutput.Base _ = model.forward(batch, new OutputOptions(true, false));
                      }
                    }));
    assertTrue(
        String.valueOf(failure.getMessage()).contains("not returned by a model that is divided"),
        failure.getMessage());
  }
}
