// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.spark.SparkException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

/** A model comes to the executors with Spark's files, as a folder or an archive. */
class ModelFilesTest {
  private static final String TEXT = "a dog barks";
  private static final float BOUND = 1e-5f;

  private final SparkSession spark = TestSpark.session();

  @Test
  void aFolder() throws IOException {
    spark.sparkContext().addFile(TestModels.SENTENCES.toString(), true);
    assertEmbeds(String.valueOf(TestModels.SENTENCES.getFileName()));
  }

  @Test
  void anArchive() throws IOException {
    // Stays: whatever this Spark runs later gets it too.
    Path archive = Path.of("target", "sentences.zip").toAbsolutePath();
    zip(TestModels.SENTENCES, Files.newOutputStream(archive));
    spark.sparkContext().addArchive(archive.toUri() + "#unpacked");
    assertEmbeds("unpacked");
  }

  @Test
  void whatIsNotAmongThemIsNamed() {
    MegaBertEmbedder embedder = new MegaBertEmbedder().setModelFile("nowhere");
    SparkException missing =
        assertThrows(SparkException.class, () -> embedder.transform(text()).collectAsList());
    assertTrue(String.valueOf(missing).contains("nowhere"), String.valueOf(missing));
  }

  private Dataset<Row> text() {
    return spark.createDataset(List.of(TEXT), Encoders.STRING()).toDF("text");
  }

  private void assertEmbeds(String name) throws IOException {
    MegaBertEmbedder embedder = new MegaBertEmbedder().setModelFile(name);
    List<Float> vector = embedder.transform(text()).head().getList(1);
    try (MegaBert bert = MegaBert.load(TestModels.SENTENCES)) {
      float[] expected = bert.textEmbedding().apply(TEXT).vector();
      assertEquals(expected.length, vector.size());
      float[] values = new float[expected.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = vector.get(i);
      }
      assertArrayEquals(expected, values, BOUND);
    }
  }

  private static void zip(Path folder, OutputStream out) throws IOException {
    try (ZipOutputStream zip = new ZipOutputStream(out);
        Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        zip.putNextEntry(new ZipEntry(folder.relativize(file).toString()));
        Files.copy(file, zip);
        zip.closeEntry();
      }
    }
  }
}
