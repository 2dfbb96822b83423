// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import static io.github.megabert.train.task.TinyModel.ids;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.model.Labels;
import io.github.megabert.task.QuestionAnswering;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.QuestionExample;
import io.github.megabert.train.data.QuestionExample.Answer;
import io.github.megabert.train.data.TrainingDataException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuestionAnsweringTaskTest {
  @TempDir private Path folder;

  private static QuestionExample question(String question, String context, String answer) {
    return new QuestionExample(
        question, question, context, List.of(new Answer(answer, context.indexOf(answer))), false);
  }

  private static ExampleSource<QuestionExample> source(QuestionExample... examples) {
    return ExampleSource.of("the examples", List.of(examples));
  }

  @Test
  void learnsAnswersAndSavesWhatGivesThem() throws IOException {
    List<QuestionExample> questions =
        List.of(
            question("who?", "ann lives in rome.", "ann"),
            question("where?", "ann lives in rome.", "rome"),
            question("who?", "the cat sat on the mat.", "the cat"),
            new QuestionExample("none", "where?", "bob met ann", List.of(), true));
    Path output = folder.resolve("run");
    TrainingOutcome result =
        TinyModel.fineTuning(QuestionAnsweringTask::of)
            .train(questions)
            .validate(questions)
            .options(TinyModel.options(60, 4))
            .run(output);
    Evaluation validation = result.validation();
    assertNotNull(validation);
    assertEquals(List.of("loss", "exact_match", "f1"), List.copyOf(validation.metrics().keySet()));
    assertEquals(100, validation.metrics().get("exact_match"));
    assertEquals(100, validation.metrics().get("f1"));
    assertTrue(validation.metrics().get("loss") < 0.2, validation.metrics().toString());
    assertEquals(4, validation.worst().size());
    try (MegaBert bert = MegaBert.load(output)) {
      assertEquals("rome", bert.questionAnswering().best("where?", "ann lives in rome.").text());
      assertTrue(
          bert.questionAnswering()
              .apply(
                  new QuestionAnswering.Question("where?", "bob met ann"),
                  QuestionAnswering.Options.DEFAULT.withAllowImpossible(true))
              .best()
              .isImpossible());
    }
  }

  @Test
  void anAnswerIsFoundByItsCharactersInEveryWindow() throws IOException {
    // Windows of four tokens of context, two of which are repeated: "a cat sat on", "sat on the
    // mat", "the mat in rome".
    ExampleSource<QuestionExample> examples =
        source(question("who", "A cat sat on the mat in Rome", "the mat"));
    Dataset data =
        new QuestionAnsweringTask()
            .dataset(examples, new Preparation(TinyModel.TOKENIZER, 8, 2, 1));
    assertEquals(3, data.size());
    Dataset.Part part = data.batch(0, new int[] {0, 1, 2});
    assertArrayEquals(
        ids(
            "[CLS]", "who", "[SEP]", "a", "cat", "sat", "on", "[SEP]", "[CLS]", "who", "[SEP]",
            "sat", "on", "the", "mat", "[SEP]", "[CLS]", "who", "[SEP]", "the", "mat", "in", "rome",
            "[SEP]"),
        part.batch().tokenIds());
    Labels.Spans spans = assertInstanceOf(Labels.Spans.class, part.labels());
    assertArrayEquals(new int[] {0, 5, 3}, spans.starts());
    assertArrayEquals(new int[] {0, 6, 4}, spans.ends());
  }

  @Test
  void anAnswerThatAWindowCutsIsNotInIt() throws IOException {
    Dataset data =
        new QuestionAnsweringTask()
            .dataset(
                source(question("who", "a cat sat on the mat in rome", "on the")),
                new Preparation(TinyModel.TOKENIZER, 8, 0, 1));
    assertEquals(2, data.size());
    Labels.Spans spans =
        assertInstanceOf(Labels.Spans.class, data.batch(0, new int[] {0, 1}).labels());
    assertArrayEquals(new int[] {0, 0}, spans.starts());
    assertArrayEquals(new int[] {0, 0}, spans.ends());
  }

  @Test
  void anAnswerWithinAWordTakesThePiecesThatItTouches() throws IOException {
    // "cats" is "cat", "##s"; white space around an answer is not part of it.
    String context = "the cats sat";
    Dataset data =
        new QuestionAnsweringTask()
            .dataset(
                source(
                    question("who", context, "cat"),
                    question("who", context, "at"),
                    question("who", context, " cats "),
                    question("who", context, "s")),
                TinyModel.preparation(12));
    Labels.Spans spans =
        assertInstanceOf(Labels.Spans.class, data.batch(0, new int[] {0, 1, 2, 3}).labels());
    assertArrayEquals(new int[] {4, 4, 4, 5}, spans.starts());
    assertArrayEquals(new int[] {4, 4, 5, 5}, spans.ends());
  }

  @Test
  void aQuestionThatLeavesNoRoomIsRefused() {
    TrainingDataException refusal =
        assertThrows(
            TrainingDataException.class,
            () ->
                new QuestionAnsweringTask()
                    .dataset(
                        source(
                            question("who", "a cat", "cat"),
                            question("who who who who who", "a cat", "cat")),
                        TinyModel.preparation(8)));
    assertEquals(
        "the examples, example 2: the question \"who who who who who\" has 5 tokens and leaves no"
            + " room for the context in a window of 8 tokens",
        refusal.getMessage());
  }
}
