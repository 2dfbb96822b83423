// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.jdk.javaapi.CollectionConverters;

/** A function of SQL gives for each row what the transformer of the same settings gives. */
class SqlFunctionsTest {
  private static final String NAMES = "Ada Lovelace worked with Charles Babbage in London. ";
  private static final String LONG = NAMES.repeat(80);
  private static final double BOUND = 1e-5;

  @TempDir private static Path models;

  private static SparkSession spark;
  private static Path classes;
  private static Path tags;

  @BeforeAll
  static void start() throws IOException {
    spark = TestSpark.session();
    classes = TestModels.pipeline(models, "text_classification");
    tags = TestModels.pipeline(models, "token_classification");
  }

  private static Dataset<Row> rows(@Nullable String... texts) {
    StructType schema =
        new StructType().add("id", DataTypes.IntegerType).add("text", DataTypes.StringType);
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < texts.length; i++) {
      rows.add(RowFactory.create(i, texts[i]));
    }
    return spark.createDataFrame(rows, schema);
  }

  /** What the function gives for the texts, which is what the transformer gives. */
  private static List<@Nullable Object> results(
      MegaBertTransformer<?> transformer, @Nullable String... texts) {
    Dataset<Row> rows = rows(texts);
    rows.createOrReplaceTempView("texts");
    MegaBertFunctions.register(spark, "megabert", transformer);
    List<Row> said = spark.sql("SELECT megabert(text) FROM texts ORDER BY id").collectAsList();
    List<Row> transformed = transformer.transform(rows).orderBy("id").collectAsList();
    List<@Nullable Object> results = new ArrayList<>();
    for (int i = 0; i < texts.length; i++) {
      assertSame(transformed.get(i).get(2), said.get(i).get(0), transformer.uid() + ", row " + i);
      results.add(said.get(i).get(0));
    }
    return results;
  }

  private static void assertSame(@Nullable Object expected, @Nullable Object actual, String where) {
    switch (expected) {
      case null -> assertEquals(expected, actual, where);
      case Float number -> assertEquals(number, (Float) actual, BOUND, where);
      case Row row -> {
        for (int i = 0; i < row.length(); i++) {
          assertSame(row.get(i), actual instanceof Row other ? other.get(i) : actual, where);
        }
      }
      case scala.collection.Seq<?> all -> {
        List<?> wanted = CollectionConverters.asJava(all);
        List<?> found = CollectionConverters.asJava((scala.collection.Seq<?>) actual);
        assertEquals(wanted.size(), found.size(), where);
        for (int i = 0; i < wanted.size(); i++) {
          assertSame(wanted.get(i), found.get(i), where);
        }
      }
      case scala.collection.Map<?, ?> all -> {
        Map<?, ?> wanted = CollectionConverters.asJava(all);
        Map<?, ?> found = CollectionConverters.asJava((scala.collection.Map<?, ?>) actual);
        assertEquals(wanted.keySet(), found.keySet(), where);
        wanted.forEach((key, value) -> assertSame(value, found.get(key), where));
      }
      default -> assertEquals(expected, actual, where);
    }
  }

  private static void assertRefuses(MegaBertTransformer<?> transformer) {
    for (boolean function : new boolean[] {false, true}) {
      Dataset<Row> rows = rows("a dog", LONG);
      rows.createOrReplaceTempView("texts");
      MegaBertFunctions.register(spark, "megabert", transformer);
      Dataset<Row> results =
          function ? spark.sql("SELECT megabert(text) FROM texts") : transformer.transform(rows);
      SparkException refused = assertThrows(SparkException.class, results::collectAsList);
      assertTrue(stack(refused).contains("tokens"), stack(refused));
    }
  }

  /** Spark wraps what a function threw. */
  private static String stack(Throwable failure) {
    StringBuilder all = new StringBuilder();
    for (Throwable one = failure; one != null; one = one.getCause()) {
      all.append(one).append('\n');
    }
    return all.toString();
  }

  @Test
  void vectors() {
    MegaBertEmbedder embedder = new MegaBertEmbedder().setModel(TestModels.SENTENCES.toString());
    List<@Nullable Object> results = results(embedder, NAMES, null, "", LONG);
    assertTrue(results.get(1) == null && results.get(2) != null && results.get(3) != null);
    results = results(embedder.setLongText("null").setVectors(true), NAMES, LONG, null);
    assertTrue(results.get(0) != null && results.get(1) == null && results.get(2) == null);
    assertRefuses(embedder.setLongText("refuse"));
  }

  @Test
  void classes() {
    MegaBertClassifier classifier = new MegaBertClassifier().setModel(classes.toString());
    List<@Nullable Object> results = results(classifier, NAMES, null, "");
    assertTrue(results.get(0) != null && results.get(1) == null && results.get(2) != null);
    assertRefuses(classifier);
    results = results(classifier.setLongText("truncate"), NAMES, LONG);
    assertFalse(results.get(1) == null);
    results = results(classifier.setLongText("null"), NAMES, LONG);
    assertTrue(results.get(0) != null && results.get(1) == null);
  }

  @Test
  void entities() {
    MegaBertTagger tagger = new MegaBertTagger().setModel(tags.toString());
    List<@Nullable Object> results = results(tagger, NAMES, null, "", LONG);
    assertTrue(results.get(1) == null && results.get(2) != null);
    int inWindows = count(results.get(3));
    assertTrue(inWindows > count(results.get(0)), inWindows + " entities");
    int whereCut = count(results(tagger.setLongText("truncate"), LONG).getFirst());
    assertTrue(whereCut < inWindows, whereCut + " of " + inWindows + " entities");
    assertRefuses(tagger.setLongText("refuse"));
  }

  private static int count(@Nullable Object entities) {
    return CollectionConverters.asJava((scala.collection.Seq<?>) entities).size();
  }
}
