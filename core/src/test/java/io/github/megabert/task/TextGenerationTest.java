// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.model.MegatronBertForCausalLM;
import io.github.megabert.model.generation.GeneratedSequence;
import io.github.megabert.model.generation.GenerationOptions;
import io.github.megabert.model.generation.Generator;
import io.github.megabert.task.TextGeneration.Continuations;
import io.github.megabert.task.TextGeneration.Generated;
import io.github.megabert.task.TextGeneration.Options;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextGenerationTest {
  private static final String PROMPT = "Angela Merkel visited";

  private static TextGeneration pipeline(RandomModels models, BertTokenizer tokenizer) {
    return new TextGeneration(
        models.load(MegatronBertForCausalLM.class), tokenizer, 64, Batching.DEFAULT);
  }

  @ParameterizedTest
  @MethodSource("io.github.megabert.task.PipelineFixtures#backends")
  void tokensAreTheGenerators(String backend) throws IOException {
    try (RandomModels models = new RandomModels(backend)) {
      Generated generated = pipeline(models, models.tokenizer).apply(PROMPT).best();
      int[] prompt = models.tokenizer.encode(PROMPT).ids();
      GenerationOptions options =
          GenerationOptions.builder().endTokens(Set.of(models.tokenizer.sepId())).build();
      GeneratedSequence expected =
          new Generator(models.load(MegatronBertForCausalLM.class))
              .generate(List.of(Arrays.copyOf(prompt, prompt.length - 1)), options)
              .getFirst();
      assertArrayEquals(expected.tokenIds(), generated.tokenIds());
      assertEquals(expected.reason(), generated.reason());
      assertEquals(PROMPT + generated.newText(), generated.text());
      assertEquals(
          models.tokenizer.decode(generated.tokenIds(), true),
          "angela merkel visited" + generated.newText());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void streamedPiecesMakeUpTheNewText(boolean cleanUp) throws IOException {
    try (RandomModels models = new RandomModels("vector")) {
      BertTokenizer tokenizer =
          BertTokenizer.of(
              IntStream.range(0, models.tokenizer.vocabularySize())
                  .mapToObj(models.tokenizer::idToToken)
                  .toList(),
              models.tokenizer.config().toBuilder().cleanUpTokenizationSpaces(cleanUp).build());
      for (long seed = 0; seed < 20; seed++) {
        Options options =
            Options.DEFAULT.withGeneration(
                GenerationOptions.builder()
                    .sample(true)
                    .topK(0)
                    .seed(seed)
                    .maxNewTokens(30)
                    .build());
        StringBuilder pieces = new StringBuilder();
        Generated generated =
            pipeline(models, tokenizer).stream("don't, he's", options, pieces::append);
        assertEquals(generated.newText(), pieces.toString());
        assertTrue(pieces.length() > 0);
      }
    }
  }

  @Test
  void aStopTextEndsTheTextAndStaysInIt() throws IOException {
    try (RandomModels models = new RandomModels("vector")) {
      TextGeneration pipeline = pipeline(models, models.tokenizer);
      String whole = pipeline.apply(PROMPT).best().newText();
      String stop = whole.substring(5, 9);
      Generated stopped = pipeline.apply(PROMPT, Options.DEFAULT.withStops(stop)).best();
      assertEquals(GeneratedSequence.Reason.STOP_CONDITION, stopped.reason());
      assertTrue(stopped.newText().contains(stop));
      assertTrue(stopped.newText().length() < whole.length());
      assertThrows(IllegalArgumentException.class, () -> Options.DEFAULT.withStops(""));
    }
  }

  @Test
  void beamsGiveSeveralTextsButNoStream() throws IOException {
    try (RandomModels models = new RandomModels("vector")) {
      TextGeneration pipeline = pipeline(models, models.tokenizer);
      Options beams =
          Options.DEFAULT.withGeneration(
              GenerationOptions.builder().beams(3).returnSequences(2).maxNewTokens(5).build());
      List<Continuations> results = pipeline.applyAll(List.of(PROMPT, "The hotel"), beams);
      assertEquals(2, results.size());
      assertEquals(2, results.getFirst().sequences().size());
      assertTrue(results.getLast().best().text().startsWith("The hotel"));
      assertThrows(
          IllegalArgumentException.class, () -> pipeline.stream(PROMPT, beams, piece -> {}));
    }
  }

  @Test
  void whatIsDrawnDoesNotDependOnTheOthersOfABatch() throws IOException {
    try (RandomModels models = new RandomModels("vector")) {
      TextGeneration pipeline = pipeline(models, models.tokenizer);
      Options options =
          Options.DEFAULT.withGeneration(
              GenerationOptions.builder()
                  .sample(true)
                  .topK(0)
                  .seed(3)
                  .returnSequences(2)
                  .maxNewTokens(8)
                  .build());
      List<String> prompts = List.of(PROMPT, "The hotel", PROMPT, "no", "New York City");
      List<Continuations> together = pipeline.applyAll(prompts, options);
      List<Continuations> streamed = pipeline.stream(prompts.stream(), options).toList();
      for (int i = 0; i < prompts.size(); i++) {
        List<Generated> alone = pipeline.apply(prompts.get(i), options).sequences();
        assertNotEquals(alone.getFirst().text(), alone.getLast().text());
        for (int k = 0; k < 2; k++) {
          assertEquals(alone.get(k).text(), together.get(i).sequences().get(k).text());
          assertEquals(alone.get(k).text(), streamed.get(i).sequences().get(k).text());
        }
      }
    }
  }

  @Test
  void aStreamReadsNoMoreThanABatchAhead() throws IOException {
    try (RandomModels models = new RandomModels("vector")) {
      TextGeneration pipeline =
          new TextGeneration(
              models.load(MegatronBertForCausalLM.class),
              models.tokenizer,
              64,
              Batching.DEFAULT.withTokenBudget(4 * 64));
      AtomicInteger read = new AtomicInteger();
      pipeline.stream(Stream.generate(() -> "text " + read.incrementAndGet()), Options.DEFAULT)
          .iterator()
          .next();
      assertTrue(read.get() <= 4, read + " prompts were read");
    }
  }
}
