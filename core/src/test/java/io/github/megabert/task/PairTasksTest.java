// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertForMultipleChoice;
import io.github.megabert.model.MegatronBertForNextSentencePrediction;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.task.MultipleChoice.Choice;
import io.github.megabert.task.MultipleChoice.Question;
import io.github.megabert.task.NextSentence.Continuation;
import io.github.megabert.tokenizer.EncodingOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Multiple choice and next sentence are the softmax of what the model gives for the pairs. */
class PairTasksTest {
  private static final String BACKENDS = "io.github.megabert.task.PipelineFixtures#backends";
  private static final String PROMPT = "The cat sat down.";
  private static final List<String> CHOICES =
      List.of("It slept.", "New York City is far away, said Barack Obama.", "Yes");

  @ParameterizedTest
  @MethodSource(BACKENDS)
  void choicesAreTheSoftmaxOfTheModelsLogits(String backend) throws IOException {
    try (RandomModels models = new RandomModels(backend)) {
      MegatronBertForMultipleChoice model = models.load(MegatronBertForMultipleChoice.class);
      Batch batch =
          Batch.of(
              CHOICES.stream()
                  .map(c -> models.tokenizer.encode(PROMPT, c, EncodingOptions.DEFAULT))
                  .toList());
      float[] logits = model.forward(batch, 3, null, OutputOptions.NONE).logits().toFloatArray();
      double sum = 0;
      int best = 0;
      for (int i = 0; i < 3; i++) {
        sum += Math.exp(logits[i]);
        best = logits[i] > logits[best] ? i : best;
      }
      Choice choice =
          new MultipleChoice(model, models.tokenizer, 64, Batching.DEFAULT).apply(PROMPT, CHOICES);
      assertEquals(best, choice.choice());
      for (int i = 0; i < 3; i++) {
        assertEquals(Math.exp(logits[i]) / sum, choice.scores().get(i), 1e-5);
      }
    }
  }

  @Test
  void questionsMayHaveDifferentNumbersOfChoices() throws IOException {
    try (RandomModels models = new RandomModels("vector")) {
      MultipleChoice pipeline =
          new MultipleChoice(
              models.load(MegatronBertForMultipleChoice.class),
              models.tokenizer,
              64,
              new Batching(40, 1));
      List<Question> questions = new ArrayList<>();
      for (int i = 1; i <= CHOICES.size(); i++) {
        questions.add(new Question(PROMPT, CHOICES.subList(0, i)));
      }
      List<Choice> together = pipeline.applyAll(questions);
      for (int i = 0; i < questions.size(); i++) {
        Choice alone = pipeline.apply(questions.get(i));
        assertEquals(alone.choice(), together.get(i).choice());
        assertEquals(i + 1, together.get(i).scores().size());
      }
      assertThrows(IllegalArgumentException.class, () -> new Question(PROMPT, List.of()));
    }
  }

  @ParameterizedTest
  @MethodSource(BACKENDS)
  void continuationIsTheProbabilityOfClassZero(String backend) throws IOException {
    try (RandomModels models = new RandomModels(backend)) {
      MegatronBertForNextSentencePrediction model =
          models.load(MegatronBertForNextSentencePrediction.class);
      Batch batch =
          Batch.of(
              List.of(models.tokenizer.encode(PROMPT, CHOICES.get(0), EncodingOptions.DEFAULT)));
      float[] logits = model.forward(batch, null, OutputOptions.NONE).logits().toFloatArray();
      NextSentence pipeline = new NextSentence(model, models.tokenizer, 64, Batching.DEFAULT);
      Continuation result = pipeline.apply(PROMPT, CHOICES.get(0));
      assertEquals(1 / (1 + Math.exp(logits[1] - logits[0])), result.score(), 1e-5);
      assertEquals(logits[0] > logits[1], result.isNext());
    }
  }

  @Test
  void pairsTooLongAreRefusedOrCutAndSaidToBe() throws IOException {
    try (RandomModels models = new RandomModels("vector")) {
      NextSentence pipeline =
          new NextSentence(
              models.load(MegatronBertForNextSentencePrediction.class),
              models.tokenizer,
              64,
              Batching.DEFAULT);
      TextPair pair = TextPair.of("a ".repeat(50), "b ".repeat(50));
      Exception refused = assertThrows(IllegalArgumentException.class, () -> pipeline.apply(pair));
      assertTrue(refused.getMessage().contains("103 tokens"), refused.getMessage());
      NextSentence.Options truncate = NextSentence.Options.DEFAULT.withLongText(LongText.TRUNCATE);
      assertEquals(39, pipeline.apply(pair, truncate).truncatedTokens());
      assertThrows(
          IllegalArgumentException.class,
          () -> NextSentence.Options.DEFAULT.withLongText(LongText.WINDOWS));
      assertThrows(IllegalArgumentException.class, () -> pipeline.apply(TextPair.of("one")));
    }
  }

  @Test
  void headsOfOtherTasksAreMissingWithOneClearSentence() throws IOException {
    try (MegaBert bert = PipelineFixtures.open("token_classification", "scalar")) {
      Exception refused = assertThrows(IllegalArgumentException.class, bert::nextSentence);
      assertTrue(
          refused
              .getMessage()
              .endsWith(
                  "holds a MegatronBertForTokenClassification, which cannot do next-sentence; it can"
                      + " do token-classification, feature-extraction, text-embedding"),
          refused.getMessage());
    }
  }
}
