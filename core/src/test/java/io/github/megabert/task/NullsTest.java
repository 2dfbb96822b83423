// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.model.MegatronBertForMultipleChoice;
import io.github.megabert.model.MegatronBertForNextSentencePrediction;
import io.github.megabert.model.MegatronBertForQuestionAnswering;
import io.github.megabert.model.generation.GenerationOptions;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** A null in what a caller gives is refused in a sentence that says which. */
class NullsTest {
  private static void assertRefused(String what, Executable call) {
    Exception refused = assertThrows(IllegalArgumentException.class, call, what);
    assertEquals(what + " is null; give one, or leave the input out", refused.getMessage());
  }

  @Test
  void nullsInPairsAndQuestions() {
    assertRefused("the first text of the pair", () -> TextPair.of(null));
    assertRefused("the first text of the pair", () -> TextPair.of(null, "a"));
    assertRefused("the first text of the pair", () -> new TextPair(null, null));
    assertRefused("the second text of the pair", () -> TextPair.of("a", null));
    assertRefused("the question", () -> new QuestionAnswering.Question(null, "a"));
    assertRefused(
        "the context in which the answer is sought",
        () -> new QuestionAnswering.Question("a", null));
    assertRefused("the prompt", () -> new MultipleChoice.Question(null, List.of("a")));
    assertRefused("choice 1", () -> new MultipleChoice.Question("a", Arrays.asList("b", null)));
    Exception none =
        assertThrows(IllegalArgumentException.class, () -> new MultipleChoice.Question("a", null));
    assertEquals(
        "there is no list for choice 0 and those after it, but null; give a list",
        none.getMessage());
  }

  @Test
  void nullsInOptions() {
    assertRefused("target 1", () -> FillMask.Options.DEFAULT.withTargets("a", null));
    assertRefused("target 0", () -> new FillMask.Options(5, Arrays.asList(null, "a")));
    assertRefused("stop text 0", () -> TextGeneration.Options.DEFAULT.withStops((String) null));
    assertRefused(
        "stop text 1",
        () -> new TextGeneration.Options(GenerationOptions.DEFAULT, Arrays.asList("a", null)));
    Set<String> labels = new HashSet<>();
    labels.add(null);
    assertRefused(
        "ignored label 0", () -> TokenClassification.Options.DEFAULT.withIgnoredLabels(labels));
  }

  @Test
  void nullsAmongTheInputsOfTasks() throws IOException {
    try (RandomModels models = new RandomModels("scalar")) {
      NextSentence pairs =
          new NextSentence(
              models.load(MegatronBertForNextSentencePrediction.class),
              models.tokenizer,
              64,
              Batching.DEFAULT);
      assertRefused(
          "the pair of texts", () -> pairs.applyAll(Arrays.asList(TextPair.of("a", "b"), null)));
      MultipleChoice choices =
          new MultipleChoice(
              models.load(MegatronBertForMultipleChoice.class),
              models.tokenizer,
              64,
              Batching.DEFAULT);
      assertRefused("the question", () -> choices.applyAll(Collections.singletonList(null)));
      QuestionAnswering answers =
          new QuestionAnswering(
              models.load(MegatronBertForQuestionAnswering.class),
              models.tokenizer,
              64,
              Batching.DEFAULT);
      assertRefused("the question", () -> answers.applyAll(Collections.singletonList(null)));
    }
    try (MegaBert bert = PipelineFixtures.open("text_classification", "scalar")) {
      TextClassification classes = bert.textClassification();
      assertRefused("the first text of the pair", () -> classes.apply((String) null));
      assertRefused(
          "the pair of texts", () -> classes.pairs().applyAll(Collections.singletonList(null)));
    }
    try (MegaBert bert = PipelineFixtures.open("zero_shot", "scalar")) {
      ZeroShotClassification labels = bert.zeroShotClassification();
      assertRefused("label 1", () -> labels.among("a", null));
      assertText(() -> labels.among("a").applyAll(Collections.singletonList(null)));
    }
    try (MegaBert bert = PipelineFixtures.open("fill_mask", "scalar")) {
      assertText(() -> bert.fillMask().applyAll(Arrays.asList("[MASK]", null)));
    }
  }

  private static void assertText(Executable call) {
    Exception refused = assertThrows(IllegalArgumentException.class, call);
    assertTrue(refused.getMessage().startsWith("The text is null"), refused.getMessage());
  }
}
