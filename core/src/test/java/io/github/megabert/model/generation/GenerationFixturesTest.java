// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.TestBackends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Fixtures;
import io.github.megabert.model.MegatronBertForCausalLM;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.model.TensorAssertions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Generation gives, token for token, what transformers' {@code generate} gives. */
class GenerationFixturesTest {
  private static final String FOLDER = "transformers/generation";

  /** What each group of recorded results was asked for, beside 20 new tokens. */
  enum Case {
    GREEDY("greedy"),
    BEAMS("beam4"),
    LONG_BEAMS("beam4_lp2"),
    REPETITION_PENALTY("rep"),
    NO_REPEATED_BIGRAM("norepeat"),
    LEAST_LENGTH("minlen");

    final String prefix;

    Case(String prefix) {
      this.prefix = prefix;
    }

    GenerationOptions options() {
      GenerationOptions.Builder builder =
          GenerationOptions.builder().maxNewTokens(20).endTokens(Set.of(2));
      return switch (this) {
        case GREEDY -> builder.build();
        case BEAMS -> builder.beams(4).build();
        case LONG_BEAMS -> builder.beams(4).lengthPenalty(2).build();
        case REPETITION_PENALTY -> builder.repetitionPenalty(1.3).build();
        case NO_REPEATED_BIGRAM -> builder.noRepeatNgramSize(2).build();
        case LEAST_LENGTH -> builder.minNewTokens(10).build();
      };
    }
  }

  static List<String> backends() {
    return TestBackends.names();
  }

  static Stream<Arguments> casesOnBackends() {
    return backends().stream()
        .flatMap(backend -> Arrays.stream(Case.values()).map(c -> Arguments.of(backend, c)));
  }

  /** A test over the fixture's model. */
  private interface Body {
    void run(MegatronBertForCausalLM model, List<int[]> prompts, Safetensors cases)
        throws IOException;
  }

  private static void withModel(String backendName, Body body) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(FOLDER));
        Safetensors cases = Fixtures.cases(FOLDER);
        Backend backend = Backends.open(backendName, TestBackends.options())) {
      List<int[]> prompts = new ArrayList<>();
      for (int p = 0; p < 3; p++) {
        prompts.add(cases.tensor("prompt" + p).toIntArray());
      }
      body.run(MegatronBertForCausalLM.load(checkpoint, backend), prompts, cases);
    }
  }

  @ParameterizedTest
  @MethodSource("casesOnBackends")
  void tokensEqualThoseOfTransformers(String backendName, Case which) throws IOException {
    withModel(
        backendName,
        (model, prompts, cases) -> {
          List<GeneratedSequence> results = new Generator(model).generate(prompts, which.options());
          assertEquals(3, results.size());
          for (int p = 0; p < 3; p++) {
            int[] expected = cases.tensor(which.prefix + p).toIntArray();
            if (TestBackends.isNarrow() && !Arrays.equals(expected, results.get(p).tokenIds())) {
              assertTrue(which.options().beams() > 1, which + ": " + results.get(p));
              assertAsLikely(results.get(p), prompts.get(p), which.options());
            } else {
              assertArrayEquals(expected, results.get(p).tokenIds());
            }
          }
        });
  }

  /**
   * In narrow precisions beams of nearly equal likelihood may change places: what wins is within
   * the precision's error as likely as what wins in float32.
   */
  private static void assertAsLikely(
      GeneratedSequence actual, int[] prompt, GenerationOptions options) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder(FOLDER));
        Backend oracle = Backends.open("scalar", BackendOptions.DEFAULT)) {
      MegatronBertForCausalLM model = MegatronBertForCausalLM.load(checkpoint, oracle);
      double best = new Generator(model).generate(List.of(prompt), options).getFirst().score();
      assertEquals(best, actual.score(), TestBackends.relativeBound() * Math.abs(best));
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void logitsOfThePromptsMatchTransformers(String backendName) throws IOException {
    withModel(
        backendName,
        (model, prompts, cases) -> {
          for (int p = 0; p < 3; p++) {
            TensorAssertions.assertClose(
                "logits" + p,
                cases.tensor("logits" + p),
                model.forward(Batch.ofTokens(prompts.get(p)), null, OutputOptions.NONE).logits(),
                TestBackends.relativeBound());
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void anEndTokenEndsASequenceAndIsHeldBackUntilTheLeastLength(String backendName)
      throws IOException {
    withModel(
        backendName,
        (model, prompts, cases) -> {
          int end = 19;
          GenerationOptions.Builder builder =
              GenerationOptions.builder().maxNewTokens(20).endTokens(Set.of(end));
          GeneratedSequence early =
              new Generator(model).generate(prompts, builder.build()).getFirst();
          assertArrayEquals(new int[] {83, 40, 40, 6, 6, end}, early.tokenIds());
          assertEquals(GeneratedSequence.Reason.END_TOKEN, early.reason());
          GeneratedSequence late =
              new Generator(model).generate(prompts, builder.minNewTokens(8).build()).getFirst();
          for (int i = 0; i < 8; i++) {
            assertTrue(late.newTokenIds()[i] != end, Arrays.toString(late.tokenIds()));
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void beamsAreDistinctAndOrderedByScore(String backendName) throws IOException {
    withModel(
        backendName,
        (model, prompts, cases) -> {
          GenerationOptions options =
              GenerationOptions.builder().maxNewTokens(8).beams(4).returnSequences(4).build();
          List<GeneratedSequence> results =
              new Generator(model).generate(prompts.subList(1, 2), options);
          assertEquals(4, results.size());
          for (int i = 1; i < 4; i++) {
            assertTrue(results.get(i - 1).score() >= results.get(i).score());
            assertTrue(!Arrays.equals(results.get(i - 1).tokenIds(), results.get(i).tokenIds()));
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void samplingRepeatsWithItsSeedAndKeepsToItsLimits(String backendName) throws IOException {
    withModel(
        backendName,
        (model, prompts, cases) -> {
          GenerationOptions.Builder builder =
              GenerationOptions.builder().sample(true).topK(0).temperature(3).maxNewTokens(20);
          int[] first = sample(model, prompts, builder.seed(1));
          assertArrayEquals(first, sample(model, prompts, builder.seed(1)));
          assertTrue(!Arrays.equals(first, sample(model, prompts, builder.seed(2))));
          int[] greedy = cases.tensor("greedy1").toIntArray();
          assertArrayEquals(greedy, sample(model, prompts, builder.topK(1)));
          assertArrayEquals(greedy, sample(model, prompts, builder.topK(0).topP(1e-9)));
          assertArrayEquals(greedy, sample(model, prompts, builder.topP(1).minP(1)));
        });
  }

  private static int[] sample(
      MegatronBertForCausalLM model, List<int[]> prompts, GenerationOptions.Builder builder) {
    return new Generator(model)
        .generate(prompts.subList(1, 2), builder.build())
        .getFirst()
        .tokenIds();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void theListenerHearsEveryTokenAndTheStopConditionEnds(String backendName) throws IOException {
    withModel(
        backendName,
        (model, prompts, cases) -> {
          List<List<Integer>> heard =
              List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
          GenerationOptions options =
              GenerationOptions.builder()
                  .maxNewTokens(9)
                  .stopCondition((ids, promptLength) -> promptLength == 5 && ids.length == 8)
                  .listener((index, token) -> heard.get(index).add(token))
                  .build();
          List<GeneratedSequence> results = new Generator(model).generate(prompts, options);
          for (int p = 0; p < 3; p++) {
            assertArrayEquals(
                results.get(p).newTokenIds(),
                heard.get(p).stream().mapToInt(Integer::intValue).toArray());
          }
          assertEquals(GeneratedSequence.Reason.STOP_CONDITION, results.get(1).reason());
          assertEquals(3, results.get(1).newTokenIds().length);
          assertEquals(GeneratedSequence.Reason.MAX_NEW_TOKENS, results.get(2).reason());
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void theModelsLastPositionEndsASequence(String backendName) throws IOException {
    withModel(
        backendName,
        (model, prompts, cases) -> {
          GeneratedSequence result =
              new Generator(model)
                  .generate(prompts, GenerationOptions.builder().maxNewTokens(500).build())
                  .getLast();
          assertEquals(64, result.tokenIds().length);
          assertEquals(GeneratedSequence.Reason.MODEL_LIMIT, result.reason());
          IllegalArgumentException refusal =
              assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      new Generator(model)
                          .generate(List.of(new int[64]), GenerationOptions.DEFAULT));
          assertTrue(refusal.getMessage().contains("64 tokens"), refusal.getMessage());
        });
  }
}
