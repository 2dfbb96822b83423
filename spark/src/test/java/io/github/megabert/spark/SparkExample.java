// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import java.nio.file.Path;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.clustering.KMeans;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** What docs/spark.md shows. */
final class SparkExample {
  private SparkExample() {}

  static Dataset<Row> embed(Dataset<Row> documents, Path model) {
    return new MegaBertEmbedder()
        .setModel(model.toString())
        .setInputCol("text")
        .setOutputCol("embedding")
        .transform(documents);
  }

  static PipelineModel cluster(Dataset<Row> documents, Path model, int clusters) {
    MegaBertEmbedder embedder =
        new MegaBertEmbedder().setModel(model.toString()).setVectors(true).setOutputCol("features");
    KMeans means = new KMeans().setK(clusters).setSeed(1);
    return new Pipeline().setStages(new PipelineStage[] {embedder, means}).fit(documents);
  }

  static Dataset<Row> ask(SparkSession spark, Path model) {
    MegaBertFunctions.register(
        spark, "answer_of", new MegaBertAnswerer().setModel(model.toString()));
    return spark.sql("SELECT id, answer_of(question, context).answer FROM asked");
  }
}
