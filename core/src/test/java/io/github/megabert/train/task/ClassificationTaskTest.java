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
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.Labels;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.task.TextClassification;
import io.github.megabert.task.TextPair;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.Columns;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelKind;
import io.github.megabert.train.data.LabelledText;
import io.github.megabert.train.data.Target;
import io.github.megabert.train.data.TrainingData;
import io.github.megabert.train.data.TrainingDataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassificationTaskTest {
  private static final List<LabelledText> FILMS =
      List.of(
          new LabelledText("a fine film", "good"),
          new LabelledText("a dull film", "bad"),
          new LabelledText("fine book", "good"),
          new LabelledText("dull book", "bad"),
          new LabelledText("one blue cat", "cat"),
          new LabelledText("a red cat", "cat"));

  @TempDir private Path folder;

  private static ExampleSource<LabelledText> source(LabelledText... examples) {
    return ExampleSource.of("the examples", List.of(examples));
  }

  private static StartingModel model(ModelClass modelClass) {
    return new StartingModel(TinyModel.of(modelClass));
  }

  @Test
  void learnsClassesAndSavesWhatClassifies() throws IOException {
    Path output = folder.resolve("run");
    TrainingOutcome result =
        TinyModel.fineTuning(ClassificationTask::of)
            .train(FILMS)
            .validate(FILMS)
            .test(FILMS)
            .options(TinyModel.options(40, 6))
            .run(output);
    assertTrue(result.training().isComplete());
    Evaluation test = result.test();
    assertNotNull(test);
    assertEquals(1, test.metrics().get("accuracy"));
    assertTrue(test.metrics().get("loss") < 0.3, test.metrics().toString());
    assertEquals(
        List.of("loss", "accuracy", "f1_macro", "f1_weighted", "matthews"),
        List.copyOf(test.metrics().keySet()));
    assertEquals(6, test.worst().size());
    assertTrue(test.worst().getFirst().loss() >= test.worst().getLast().loss());
    try (MegaBert bert = MegaBert.load(output)) {
      assertEquals(Map.of(0, "bad", 1, "cat", 2, "good"), bert.config().id2label());
      assertEquals("single_label_classification", bert.config().problemType().orElseThrow());
      for (LabelledText film : FILMS) {
        assertEquals(
            film.target(),
            new Target.Label(bert.textClassification().apply(film.text()).best().label()));
      }
    }
  }

  @Test
  void learnsPairs() throws IOException {
    List<LabelledText> pairs =
        List.of(
            new LabelledText("red", "red", new Target.Label("same")),
            new LabelledText("blue", "blue", new Target.Label("same")),
            new LabelledText("red", "blue", new Target.Label("other")),
            new LabelledText("blue", "red", new Target.Label("other")));
    Path output = folder.resolve("pairs");
    TrainingOutcome result =
        TinyModel.fineTuning(ClassificationTask::of)
            .train(pairs)
            .options(TinyModel.options(150, 4))
            .run(output);
    assertTrue(result.training().isComplete());
    try (MegaBert bert = MegaBert.load(output)) {
      for (LabelledText pair : pairs) {
        assertEquals(
            pair.target(),
            new Target.Label(
                bert.textClassification()
                    .apply(TextPair.of(pair.text(), String.valueOf(pair.pair())))
                    .best()
                    .label()));
      }
    }
  }

  @Test
  void learnsSeveralLabelsOfAText() throws IOException {
    List<LabelledText> texts =
        List.of(
            new LabelledText("red cat", null, new Target.Labels(List.of("red", "cat"))),
            new LabelledText("blue cat", null, new Target.Labels(List.of("cat"))),
            new LabelledText("red book", null, new Target.Labels(List.of("red"))),
            new LabelledText("blue book", null, new Target.Labels(List.of())));
    Path output = folder.resolve("several");
    TrainingOutcome result =
        TinyModel.fineTuning(ClassificationTask::of)
            .train(texts)
            .validate(texts)
            .options(TinyModel.options(60, 4))
            .run(output);
    assertEquals(1, result.training().validation().get("accuracy"));
    assertEquals(1, result.training().validation().get("f1:cat"));
    assertEquals(1, result.training().validation().get("f1:red"));
    try (MegaBert bert = MegaBert.load(output)) {
      assertEquals("multi_label_classification", bert.config().problemType().orElseThrow());
      TextClassification.Classification both =
          bert.textClassification()
              .apply("red cat", TextClassification.Options.DEFAULT.withTopK(2));
      assertTrue(both.labels().getLast().score() > 0.5f, both.toString());
    }
  }

  @Test
  void learnsNumbers() throws IOException {
    List<LabelledText> texts =
        List.of(
            new LabelledText("fine", null, new Target.Value(2)),
            new LabelledText("a film", null, new Target.Value(0.5)),
            new LabelledText("dull", null, new Target.Value(-1.5)));
    Path output = folder.resolve("numbers");
    TrainingOutcome result =
        TinyModel.fineTuning(ClassificationTask::of)
            .train(texts)
            .validate(texts)
            .options(TinyModel.options(80, 3))
            .run(output);
    assertTrue(
        result.training().validation().get("mse") < 0.02,
        result.training().validation().toString());
    assertTrue(result.training().validation().get("pearson") > 0.98);
    assertEquals(1, result.training().validation().get("spearman"), 1e-12);
    try (MegaBert bert = MegaBert.load(output)) {
      assertEquals("regression", bert.config().problemType().orElseThrow());
      assertEquals(2, bert.textClassification().apply("fine").best().score(), 0.2);
    }
  }

  @Test
  void textsAndLabelsAreThoseOfTheExamples() throws IOException {
    ExampleSource<LabelledText> examples =
        source(
            new LabelledText("a film", "b"),
            new LabelledText("red", "blue cat", new Target.Label("a")));
    ClassificationTask task = ClassificationTask.of(model(ModelClass.MASKED_LM), examples);
    Dataset data = task.dataset(examples, TinyModel.preparation(6));
    assertEquals(2, data.size());
    Dataset.Part part = data.batch(0, new int[] {1, 0});
    assertArrayEquals(
        ids("[CLS]", "red", "[SEP]", "blue", "cat", "[SEP]", "[CLS]", "a", "film", "[SEP]"),
        part.batch().tokenIds());
    assertArrayEquals(new int[] {0, 0, 0, 1, 1, 1, 0, 0, 0, 0}, part.batch().tokenTypeIds());
    assertArrayEquals(new int[] {0, 1, 2, 3, 4, 5, 0, 1, 2, 3}, part.batch().positionIds());
    assertArrayEquals(new int[] {0, 6, 10}, part.batch().offsets());
    assertArrayEquals(
        new int[] {0, 1}, assertInstanceOf(Labels.OfSequences.class, part.labels()).classes());
    Dataset cut = task.dataset(examples, TinyModel.preparation(5));
    assertArrayEquals(
        ids("[CLS]", "red", "[SEP]", "blue", "[SEP]"),
        cut.batch(0, new int[] {1}).batch().tokenIds());
  }

  @Test
  void labelsThatAreWholeNumbersAreSortedByTheirValue() throws IOException {
    ExampleSource<LabelledText> examples =
        source(
            new LabelledText("a", "10"), new LabelledText("a", "9"), new LabelledText("a", "-1"));
    assertEquals(
        List.of("-1", "9", "10"),
        ClassificationTask.of(model(ModelClass.MASKED_LM), examples).labels());
    assertEquals(
        List.of("10", "9", "x"),
        ClassificationTask.of(
                model(ModelClass.MASKED_LM),
                source(
                    new LabelledText("a", "x"),
                    new LabelledText("a", "9"),
                    new LabelledText("a", "10")))
            .labels());
  }

  @Test
  void aClassifierKeepsItsLabelsAndItsHead() throws IOException {
    MegatronBertConfig config =
        TinyModel.config().with("id2label", Map.of("0", "good", "1", "bad"));
    Checkpoint classifier = RandomCheckpoint.of(config, ModelClass.SEQUENCE_CLASSIFICATION, 3);
    StartingModel start = new StartingModel(classifier);
    ClassificationTask task =
        ClassificationTask.of(start, source(new LabelledText("a fine film", "bad")));
    assertEquals(List.of("good", "bad"), task.labels());
    assertTrue(start.prepared(task).names().contains("classifier.weight"));
    // A head of tokens is none of texts: neither its labels nor its weights count.
    StartingModel tagger =
        new StartingModel(RandomCheckpoint.of(config, ModelClass.TOKEN_CLASSIFICATION, 3));
    ClassificationTask fresh =
        ClassificationTask.of(tagger, source(new LabelledText("a fine film", "new")));
    assertEquals(List.of("new"), fresh.labels());
    assertEquals(
        List.of(),
        tagger.prepared(fresh).names().stream().filter(n -> n.startsWith("classifier")).toList());
  }

  @Test
  void aLabelThatIsNewIsRefusedByFileAndLine() throws IOException {
    Path train = Files.writeString(folder.resolve("train.tsv"), "text\tlabel\na\tx\nfilm\ty\n");
    Path test = Files.writeString(folder.resolve("test.tsv"), "text\tlabel\na\tx\nfilm\tz\n");
    ClassificationTask task =
        ClassificationTask.of(
            model(ModelClass.MASKED_LM),
            () -> TrainingData.texts(train, Columns.FOUND, LabelKind.LABEL));
    TrainingDataException refusal =
        assertThrows(
            TrainingDataException.class,
            () ->
                task.evaluator(
                    () -> TrainingData.texts(test, Columns.FOUND, LabelKind.LABEL),
                    TinyModel.preparation(8)));
    assertEquals(
        test + ", line 3: the label 'z' is none of those of the training data: x, y",
        refusal.getMessage());
  }

  @Test
  void anExampleOfAnotherKindIsRefusedByItsNumber() throws IOException {
    ExampleSource<LabelledText> examples =
        source(new LabelledText("a", "x"), new LabelledText("a", null, new Target.Value(1)));
    ClassificationTask task = ClassificationTask.of(model(ModelClass.MASKED_LM), examples);
    assertEquals(
        "the examples, example 2: the example has a number as its label where one label is"
            + " expected",
        assertThrows(
                TrainingDataException.class, () -> task.dataset(examples, TinyModel.preparation(8)))
            .getMessage());
  }

  @Test
  void aModelOfAnotherProblemIsRefused() {
    Checkpoint classifier =
        RandomCheckpoint.of(
            TinyModel.config().with("problem_type", "regression"),
            ModelClass.SEQUENCE_CLASSIFICATION,
            3);
    assertEquals(
        "the model was trained for regression, the training data is for"
            + " single_label_classification; begin with a model without a classifier, or with"
            + " other data",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    ClassificationTask.of(
                        new StartingModel(classifier), source(new LabelledText("a", "x"))))
            .getMessage());
  }
}
