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
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ChoiceExample;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelledText;
import io.github.megabert.train.data.Target;
import io.github.megabert.train.data.TrainingDataException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Multiple choice and next sentence. */
class SequenceTasksTest {
  private static final List<ChoiceExample> QUESTIONS =
      List.of(
          new ChoiceExample("where", List.of("in rome", "a cat", "red"), 0),
          new ChoiceExample("who", List.of("in rome", "ann", "red"), 1),
          new ChoiceExample("one", List.of("ann", "in rome", "two"), 2));

  @TempDir private Path folder;

  @Test
  void learnsChoicesAndSavesWhatChooses() throws IOException {
    Path output = folder.resolve("choices");
    TrainingOutcome result =
        TinyModel.fineTuning(MultipleChoiceTask::of)
            .train(QUESTIONS)
            .validate(QUESTIONS)
            .options(TinyModel.options(60, 3))
            .run(output);
    Evaluation validation = result.validation();
    assertNotNull(validation);
    assertEquals(List.of("loss", "accuracy"), List.copyOf(validation.metrics().keySet()));
    assertEquals(1, validation.metrics().get("accuracy"));
    assertTrue(validation.metrics().get("loss") < 0.2, validation.metrics().toString());
    try (MegaBert bert = MegaBert.load(output)) {
      for (ChoiceExample question : QUESTIONS) {
        assertEquals(
            question.label(),
            bert.multipleChoice().apply(question.prompt(), question.choices()).choice());
      }
    }
  }

  @Test
  void choicesOfAQuestionFollowEachOther() throws IOException {
    Dataset data =
        new MultipleChoiceTask()
            .dataset(ExampleSource.of("the examples", QUESTIONS), TinyModel.preparation(12));
    assertEquals(3, data.size());
    Dataset.Part part = data.batch(0, new int[] {2, 1});
    assertArrayEquals(
        ids(
            "[CLS]", "one", "[SEP]", "ann", "[SEP]", "[CLS]", "one", "[SEP]", "in", "rome", "[SEP]",
            "[CLS]", "one", "[SEP]", "two", "[SEP]", "[CLS]", "who", "[SEP]", "in", "rome", "[SEP]",
            "[CLS]", "who", "[SEP]", "ann", "[SEP]", "[CLS]", "who", "[SEP]", "red", "[SEP]"),
        part.batch().tokenIds());
    assertArrayEquals(
        new int[] {2, 1}, assertInstanceOf(Labels.OfSequences.class, part.labels()).classes());
  }

  @Test
  void questionsHaveAsManyChoices() {
    assertEquals(
        "the examples, example 2: the question has 2 choices where those before it have 3; all"
            + " must have as many",
        assertThrows(
                TrainingDataException.class,
                () ->
                    new MultipleChoiceTask()
                        .dataset(
                            ExampleSource.of(
                                "the examples",
                                List.of(
                                    QUESTIONS.getFirst(),
                                    new ChoiceExample("who", List.of("ann", "bob"), 1))),
                            TinyModel.preparation(12)))
            .getMessage());
  }

  @Test
  void learnsContinuationsAndSavesWhatTellsThem() throws IOException {
    List<LabelledText> pairs =
        List.of(
            new LabelledText("the cat", "sat on the mat", new Target.Label("is_next")),
            new LabelledText("ann lives", "in rome", new Target.Label("True")),
            new LabelledText("the cat", "in rome", new Target.Label("1")),
            new LabelledText("ann lives", "sat on the mat", new Target.Label("not_next")));
    Path output = folder.resolve("continuations");
    TrainingOutcome result =
        TinyModel.fineTuning(NextSentenceTask::of)
            .train(pairs)
            .validate(pairs)
            .options(TinyModel.options(80, 4))
            .run(output);
    assertEquals(1, result.training().validation().get("accuracy"));
    try (MegaBert bert = MegaBert.load(output)) {
      assertTrue(bert.nextSentence().apply("ann lives", "in rome").isNext());
      assertTrue(!bert.nextSentence().apply("the cat", "in rome").isNext());
    }
  }

  @Test
  void labelsOfPairsAreThoseOfTransformersOrWords() throws IOException {
    List<LabelledText> pairs =
        List.of(
            new LabelledText("a", "cat", new Target.Label("0")),
            new LabelledText("a", "cat", new Target.Label("1")),
            new LabelledText("a", "cat", new Target.Label("isNext")),
            new LabelledText("a", "cat", new Target.Label("NotNext")),
            new LabelledText("a", "cat", new Target.Label("true")),
            new LabelledText("a", "cat", new Target.Label("false")));
    Dataset data =
        new NextSentenceTask()
            .dataset(ExampleSource.of("the examples", pairs), TinyModel.preparation(12));
    assertArrayEquals(
        new int[] {0, 1, 0, 1, 0, 1},
        assertInstanceOf(
                Labels.OfSequences.class, data.batch(0, new int[] {0, 1, 2, 3, 4, 5}).labels())
            .classes());
    assertEquals(
        "the examples, example 1: the label 'maybe' is neither is_next nor not_next (or 0 and 1,"
            + " as transformers has them)",
        assertThrows(
                TrainingDataException.class,
                () ->
                    new NextSentenceTask()
                        .dataset(
                            ExampleSource.of(
                                "the examples",
                                List.of(new LabelledText("a", "cat", new Target.Label("maybe")))),
                            TinyModel.preparation(12)))
            .getMessage());
  }
}
