// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.task.QuestionAnswering;
import io.github.megabert.task.TextEmbedding;
import io.github.megabert.task.TokenClassification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.SparkException;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The transformers give what the tasks give, for rows of every kind. */
class TransformersTest {
  private static final Path SENTENCES = TestModels.SENTENCES;
  private static final float BOUND = 1e-5f;

  @TempDir private static Path models;

  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = TestSpark.session();
  }

  private static Dataset<Row> rows(DataType type, @Nullable Object... values) {
    StructType schema = new StructType().add("id", DataTypes.IntegerType).add("text", type, true);
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      rows.add(RowFactory.create(i, values[i]));
    }
    return spark.createDataFrame(rows, schema);
  }

  private static Dataset<Row> texts(@Nullable String... values) {
    return rows(DataTypes.StringType, (Object[]) values);
  }

  private static List<Row> collected(Dataset<Row> rows) {
    return rows.collectAsList();
  }

  private static float[] floats(List<Float> values) {
    float[] array = new float[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return array;
  }

  @Test
  void vectorsAreThoseOfTheTask() throws IOException {
    MegaBertEmbedder embedder = new MegaBertEmbedder().setModel(SENTENCES.toString());
    String[] texts = {"a dog barks", null, "", "a cat sleeps all day", "dog ".repeat(300)};
    List<Row> rows = collected(embedder.transform(texts(texts)));
    assertEquals(texts.length, rows.size());
    try (MegaBert bert = MegaBert.load(SENTENCES)) {
      TextEmbedding task = bert.textEmbedding();
      for (int i = 0; i < texts.length; i++) {
        assertEquals(texts[i], rows.get(i).getString(1));
        if (texts[i] == null) {
          assertTrue(rows.get(i).isNullAt(2));
        } else {
          float[] vector = floats(rows.get(i).getList(2));
          assertArrayEquals(task.apply(texts[i]).vector(), vector, BOUND);
        }
      }
    }
  }

  @Test
  void anArrayOfTextsHasAnArrayOfResults() throws IOException {
    MegaBertEmbedder embedder =
        new MegaBertEmbedder().setModel(SENTENCES.toString()).setNormalize(true);
    DataType type = DataTypes.createArrayType(DataTypes.StringType);
    List<Row> rows =
        collected(
            embedder.transform(
                rows(type, new String[] {"a dog", null, "a cat"}, new String[0], null)));
    List<scala.collection.Seq<Float>> vectors = rows.getFirst().getList(2);
    assertEquals(3, vectors.size());
    assertNull(vectors.get(1));
    try (MegaBert bert = MegaBert.load(SENTENCES)) {
      TextEmbedding task = bert.textEmbedding();
      float[] cat = floats(scala.jdk.javaapi.CollectionConverters.asJava(vectors.get(2)));
      assertArrayEquals(
          task.apply("a cat", task.defaultOptions().withNormalize(true)).vector(), cat, BOUND);
    }
    assertEquals(0, rows.get(1).getList(2).size());
    assertTrue(rows.get(2).isNullAt(2));
  }

  @Test
  void aPipelineIsSavedAndLoaded(@TempDir Path folder) {
    MegaBertEmbedder embedder =
        new MegaBertEmbedder()
            .setModel(SENTENCES.toString())
            .setOutputCol("features")
            .setVectors(true)
            .setBatchTokens(100);
    Dataset<Row> rows = texts("a dog barks", "a cat sleeps");
    PipelineModel made = new Pipeline().setStages(new PipelineStage[] {embedder}).fit(rows);
    String path = folder.resolve("pipeline").toUri().toString();
    try {
      made.save(path);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    PipelineModel loaded = PipelineModel.load(path);
    MegaBertEmbedder stage = (MegaBertEmbedder) loaded.stages()[0];
    assertEquals(embedder.uid(), stage.uid());
    assertEquals(100, (int) stage.getOrDefault(stage.batchTokens()));
    List<Row> before = collected(made.transform(rows));
    List<Row> after = collected(loaded.transform(rows));
    for (int i = 0; i < before.size(); i++) {
      Vector vector = before.get(i).getAs("features");
      Vector again = after.get(i).getAs("features");
      assertArrayEquals(vector.toArray(), again.toArray(), BOUND);
    }
  }

  @Test
  void aPipelineClustersVectors() {
    Dataset<Row> rows = texts("a dog barks", "a cat sleeps", "a dog barks", "a cat sleeps");
    Dataset<Row> clustered = SparkExample.cluster(rows, SENTENCES, 2).transform(rows);
    List<Row> found = collected(clustered.select("id", "prediction"));
    assertEquals(found.get(0).getInt(1), found.get(2).getInt(1));
    assertEquals(found.get(1).getInt(1), found.get(3).getInt(1));
    assertEquals(1, Math.abs(found.get(0).getInt(1) - found.get(1).getInt(1)));
    List<Row> embedded = collected(SparkExample.embed(rows, SENTENCES));
    assertEquals(embedded.get(0).getList(2), embedded.get(2).getList(2));
  }

  @Test
  void classesAndEntitiesAreThoseOfTheTasks() throws IOException {
    Path classes = TestModels.pipeline(models, "text_classification");
    Path tags = TestModels.pipeline(models, "token_classification");
    String text = "Ada Lovelace worked with Charles Babbage in London.";
    Row classified =
        collected(new MegaBertClassifier().setModel(classes.toString()).transform(texts(text)))
            .getFirst()
            .getStruct(2);
    try (MegaBert bert = MegaBert.load(classes)) {
      var expected = bert.textClassification().apply(text).best();
      assertEquals(expected.label(), classified.getString(0));
      assertEquals(expected.score(), classified.getFloat(1), BOUND);
      assertEquals(bert.config().id2label().size(), classified.<String, Float>getJavaMap(2).size());
    }
    List<Row> entities =
        collected(new MegaBertTagger().setModel(tags.toString()).transform(texts(text)))
            .getFirst()
            .getList(2);
    try (MegaBert bert = MegaBert.load(tags)) {
      var expected =
          bert.tokenClassification()
              .apply(
                  text,
                  TokenClassification.Options.DEFAULT.withAggregation(
                      TokenClassification.Aggregation.SIMPLE))
              .entities();
      assertEquals(
          expected.stream().map(one -> one.label() + one.span().codePointStart()).toList(),
          entities.stream().map(row -> row.getString(0) + row.getInt(3)).toList());
      assertTrue(expected.size() > 1);
    }
  }

  @Test
  void answersAreThoseOfTheTaskInColumnsAndInSql() throws IOException {
    Path model = TestModels.answers(models);
    String[] words = Files.readAllLines(model.resolve("vocab.txt")).toArray(String[]::new);
    String context = String.join(" ", Arrays.copyOfRange(words, 20, 30));
    String question = words[21];
    MegaBertAnswerer answerer = new MegaBertAnswerer().setModel(model.toString());
    Dataset<Row> rows =
        texts(context, null)
            .withColumnRenamed("text", "context")
            .withColumn("question", functions.lit(question));
    List<Row> found = collected(answerer.transform(rows));
    assertNull(found.get(1).get(3));
    rows.createOrReplaceTempView("asked");
    List<Row> asked = SparkExample.ask(spark, model).collectAsList();
    assertNull(asked.get(1).get(1));
    List<Row> said =
        spark.sql("SELECT id, answer_of(question, context) AS answer FROM asked").collectAsList();
    assertNull(said.get(1).get(1));
    try (MegaBert bert = MegaBert.load(model)) {
      QuestionAnswering.Answer best = bert.questionAnswering().best(question, context);
      for (Row answer : List.of(found.getFirst().getStruct(3), said.getFirst().getStruct(1))) {
        assertEquals(best.text(), asked.getFirst().getString(1));
        assertEquals(best.text(), answer.getString(0));
        assertEquals(best.score(), answer.getFloat(1), BOUND);
        assertEquals(best.span().codePointStart(), answer.getInt(2));
        assertEquals(best.span().codePointEnd(), answer.getInt(3));
      }
    }
  }

  @Test
  void whatIsTooLongIsRefusedCutOrNull() {
    String text = "dog ".repeat(600);
    MegaBertEmbedder embedder = new MegaBertEmbedder().setModel(SENTENCES.toString());
    Dataset<Row> rows = texts("a dog", text, "a cat");
    SparkException refused =
        assertThrows(
            SparkException.class,
            () -> embedder.setLongText("refuse").transform(rows).collectAsList());
    assertTrue(String.valueOf(refused).contains("tokens"), String.valueOf(refused));
    List<Row> dropped = collected(embedder.setLongText("null").transform(rows));
    assertTrue(dropped.get(1).isNullAt(2));
    List<Row> cut = collected(embedder.setLongText("truncate").transform(rows));
    for (int i : new int[] {0, 2}) {
      assertArrayEquals(floats(cut.get(i).getList(2)), floats(dropped.get(i).getList(2)), BOUND);
    }
    assertEquals(cut.getFirst().getList(2).size(), cut.get(1).getList(2).size());
  }

  @Test
  void whatIsWrongIsSaidBeforeAnythingRuns() {
    Dataset<Row> rows = texts("a dog");
    assertSays(rows, new MegaBertEmbedder(), "needs either a model");
    MegaBertEmbedder embedder = new MegaBertEmbedder().setModel(SENTENCES.toString());
    assertSays(rows, embedder.setInputCol("txt"), "there is no column 'txt'; there are id, text");
    assertSays(rows, embedder.setInputCol("id"), "the column 'id' holds int");
    embedder.setInputCol("text").setOutputCol("id");
    assertSays(rows, embedder, "the column 'id' is there already");
    MegaBertTagger tagger = new MegaBertTagger().setModel("x").setAggregation("none");
    assertSays(rows, tagger, "windows overlap");
    MegaBertClassifier classifier = new MegaBertClassifier().setModel("x").setLongText("windows");
    assertSays(
        rows,
        classifier,
        "a text is classified as a whole: choose another longText than 'windows'");
    MegaBertAnswerer answerer = new MegaBertAnswerer().setModel("x");
    ParamMap cut = new ParamMap().put(answerer.longText(), "truncate");
    assertSays(
        rows,
        (MegaBertTransformer<?>) answerer.copy(cut),
        "answers are found in windows of a text");
    assertSays(rows, answerer.setLongText("refuse"), "longText stays 'windows'");
    for (String address : List.of("hdfs://models/minilm", "hdfs:/models/minilm", "file:/minilm")) {
      IllegalArgumentException wrong =
          assertThrows(IllegalArgumentException.class, () -> embedder.setModel(address));
      assertTrue(String.valueOf(wrong.getMessage()).contains("setModelFile"), wrong.getMessage());
    }
    assertThrows(IllegalArgumentException.class, () -> embedder.setLongText("cut"));
  }

  private static void assertSays(
      Dataset<Row> rows, MegaBertTransformer<?> transformer, String sentence) {
    IllegalArgumentException wrong =
        assertThrows(IllegalArgumentException.class, () -> transformer.transform(rows));
    assertTrue(String.valueOf(wrong.getMessage()).contains(sentence), wrong.getMessage());
  }
}
