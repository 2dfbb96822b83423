// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TextEmbedding;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Numbered rows of some texts in turn, and what their vectors have to be. */
final class ClusterRows {
  private static final int ROWS_A_PARTITION = 4000;
  private static final int LEAST_PARTITIONS = 32;
  private static final float BOUND = 1e-5f;
  private static final PrintStream OUT = System.out;

  private final SparkSession spark;
  private final Dataset<Row> numbered;
  private final int texts;

  /** The vectors are those that one process computes. */
  ClusterRows(SparkSession spark, Path model, List<String> texts) throws IOException {
    this.spark = spark;
    this.texts = texts.size();
    List<Row> rows = new ArrayList<>();
    try (MegaBert bert = MegaBert.builder().threads(1).load(model)) {
      List<TextEmbedding.Embedding> vectors = bert.textEmbedding().applyAll(texts);
      for (int i = 0; i < texts.size(); i++) {
        rows.add(RowFactory.create((long) i, texts.get(i), vectors.get(i).vector()));
      }
    }
    numbered =
        spark.createDataFrame(
            rows,
            new StructType()
                .add("place", DataTypes.LongType)
                .add("text", DataTypes.StringType)
                .add("expected", DataTypes.createArrayType(DataTypes.FloatType)));
  }

  /** So many parts of a job that one of them is a small loss. */
  static int partitions(long rows) {
    return (int) Math.max(LEAST_PARTITIONS, rows / ROWS_A_PARTITION);
  }

  /** Rows of {@code id} and {@code text}. */
  Dataset<Row> of(long rows) {
    return joined(spark.range(0, rows, 1, partitions(rows)).toDF()).select("id", "text");
  }

  /** With the columns of what each row's text is. */
  private Dataset<Row> joined(Dataset<Row> ids) {
    return ids.withColumn("place", functions.expr("id % " + texts))
        .join(functions.broadcast(numbered), "place");
  }

  /**
   * Every row is there once, and has its own text's vector.
   *
   * @throws IllegalStateException if not
   */
  void check(Dataset<Row> result, long rows) {
    Row found =
        result
            .agg(functions.count("embedding"), functions.countDistinct("id"), checksum("embedding"))
            .head();
    long expected =
        joined(spark.range(0, rows, 1, partitions(rows)).toDF())
            .agg(checksum("expected"))
            .head()
            .getLong(0);
    OUT.printf(
        Locale.ROOT,
        "%d rows, %d different ids; checksum of ids and vectors %016x, of one process's %016x%n",
        found.getLong(0),
        found.getLong(1),
        found.getLong(2),
        expected);
    if (found.getLong(0) != rows || found.getLong(1) != rows) {
      throw new IllegalStateException("rows are lost or doubled");
    }
    if (found.getLong(2) != expected) {
      requireNear(result);
    }
  }

  /** A number that every row adds to. */
  private static Column checksum(String vector) {
    return functions.expr("sum(pmod(xxhash64(id, " + vector + "), 4294967296))");
  }

  /** Vectors may differ in their last bits where other texts were in their batch. */
  private void requireNear(Dataset<Row> result) {
    Column difference =
        functions.expr(
            "max(array_max(zip_with(embedding, expected, (a, b) -> abs(a - b)))) AS difference");
    float most = joined(result.select("id", "embedding")).agg(difference).head().getFloat(0);
    OUT.printf(Locale.ROOT, "the greatest difference of a number of a vector: %.1e%n", most);
    if (!(most < BOUND)) {
      throw new IllegalStateException("vectors are others");
    }
  }
}
