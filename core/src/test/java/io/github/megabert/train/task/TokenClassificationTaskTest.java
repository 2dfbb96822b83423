// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import static io.github.megabert.train.task.TinyModel.ids;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.MegaBert;
import io.github.megabert.model.Labels;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.task.TokenClassification;
import io.github.megabert.task.TokenClassification.Aggregation;
import io.github.megabert.task.TokenClassification.Entity;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.Columns;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.TaggedWords;
import io.github.megabert.train.data.TrainingData;
import io.github.megabert.train.data.TrainingDataException;
import io.github.megabert.train.metrics.ClassScore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenClassificationTaskTest {
  private static final List<TaggedWords> SENTENCES =
      List.of(
          new TaggedWords(
              List.of("ann", "lives", "in", "rome"), List.of("B-PER", "O", "O", "B-LOC")),
          new TaggedWords(
              List.of("bob", "ann", "met", "a", "cat"), List.of("B-PER", "I-PER", "O", "O", "O")));
  private static final int IGNORED = Labels.IGNORED;

  @TempDir private Path folder;

  private static StartingModel model() {
    return new StartingModel(TinyModel.of(ModelClass.MASKED_LM));
  }

  @Test
  void learnsEntitiesAndSavesWhatFindsThem() throws IOException {
    Path output = folder.resolve("run");
    TrainingOutcome result =
        TinyModel.fineTuning(TokenClassificationTask::of)
            .train(SENTENCES)
            .validate(SENTENCES)
            .options(TinyModel.options(40, 2))
            .run(output);
    Evaluation validation = result.validation();
    assertNotNull(validation);
    assertEquals(
        List.of("loss", "precision", "recall", "f1", "accuracy"),
        List.copyOf(validation.metrics().keySet()));
    assertEquals(1, validation.metrics().get("f1"));
    assertEquals(1, validation.metrics().get("accuracy"));
    assertEquals(
        Map.of("LOC", new ClassScore(1, 1, 1), "PER", new ClassScore(2, 2, 2)),
        validation.classes());
    try (MegaBert bert = MegaBert.load(output)) {
      List<Entity> entities =
          bert.tokenClassification()
              .apply(
                  "bob ann met a cat",
                  TokenClassification.Options.DEFAULT.withAggregation(Aggregation.SIMPLE))
              .entities();
      assertEquals(1, entities.size());
      assertEquals("PER", entities.getFirst().label());
      assertEquals("bob ann", entities.getFirst().word());
    }
  }

  @Test
  void theFirstPieceOfAWordHasItsLabel() throws IOException {
    // Sorted: B-X is 0, I-X is 1, O is 2.
    ExampleSource<TaggedWords> examples =
        ExampleSource.of(
            "the examples",
            List.of(
                new TaggedWords(
                    List.of("unknown", "cats", "sat.", "\u0001", "on"),
                    List.of("B-X", "I-X", "O", "O", "B-X"))));
    TokenClassificationTask task = TokenClassificationTask.of(model(), examples);
    assertEquals(List.of("B-X", "I-X", "O"), task.labels());
    Dataset.Part part = task.dataset(examples, TinyModel.preparation(16)).batch(0, new int[] {0});
    assertArrayEquals(
        ids("[CLS]", "un", "##known", "cat", "##s", "sat", ".", "on", "[SEP]"),
        part.batch().tokenIds());
    assertArrayEquals(
        new int[] {IGNORED, 0, IGNORED, 1, IGNORED, 2, IGNORED, 0, IGNORED},
        assertInstanceOf(Labels.OfTokens.class, part.labels()).classes());
  }

  @Test
  void aLongSentenceIsDividedBetweenWords() throws IOException {
    ExampleSource<TaggedWords> examples =
        ExampleSource.of(
            "the examples",
            List.of(
                new TaggedWords(
                    List.of("a", "cat", "unknown", "sat"), List.of("A", "B", "C", "D"))));
    TokenClassificationTask task = TokenClassificationTask.of(model(), examples);
    Dataset data = task.dataset(examples, TinyModel.preparation(5));
    assertEquals(2, data.size());
    Dataset.Part part = data.batch(0, new int[] {0, 1});
    assertArrayEquals(
        ids("[CLS]", "a", "cat", "[SEP]", "[CLS]", "un", "##known", "sat", "[SEP]"),
        part.batch().tokenIds());
    assertArrayEquals(
        new int[] {IGNORED, 0, 1, IGNORED, IGNORED, 2, IGNORED, 3, IGNORED},
        assertInstanceOf(Labels.OfTokens.class, part.labels()).classes());
  }

  @Test
  void aTagThatIsNewIsRefusedByFileAndLine() throws IOException {
    Path test = Files.writeString(folder.resolve("test.conll"), "ann A\nmet B\n\nbob C\nmet B\n");
    TokenClassificationTask task =
        TokenClassificationTask.of(
            model(),
            ExampleSource.of(
                "the examples", List.of(new TaggedWords(List.of("a", "b"), List.of("A", "B")))));
    assertEquals(
        test + ", line 4: the label 'C' is none of those of the training data: A, B",
        assertThrows(
                TrainingDataException.class,
                () ->
                    task.evaluator(
                        () -> TrainingData.words(test, Columns.FOUND), TinyModel.preparation(8)))
            .getMessage());
  }
}
