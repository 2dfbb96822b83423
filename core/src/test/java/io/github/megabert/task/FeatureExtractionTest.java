// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.MegaBert;
import io.github.megabert.task.FeatureExtraction.Features;
import io.github.megabert.task.TextEmbedding.Embedding;
import io.github.megabert.task.TextEmbedding.Options;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class FeatureExtractionTest {
  private static final String TASK = "feature_extraction";
  private static final String TEXT = "Angela Merkel visited Paris in 2015 with Barack Obama.";

  @ParameterizedTest
  @MethodSource("io.github.megabert.task.PipelineFixtures#backends")
  void tokenVectorsMatchTransformers(String backend) throws IOException {
    try (MegaBert bert = PipelineFixtures.open(TASK, backend)) {
      FeatureExtraction extraction = bert.featureExtraction();
      for (PipelineFixtures.Case c : PipelineFixtures.cases(TASK, "expected.json")) {
        Features features = extraction.apply(c.text());
        JsonNode rows = c.result().get(0);
        assertEquals(rows.size(), features.vectors().shape().extent(0));
        int i = 0;
        for (JsonNode row : rows) {
          for (JsonNode value : row) {
            PipelineFixtures.assertScore(value, features.vectors().getFloat(i++));
          }
        }
        assertEquals(features.vectors().elements(), i);
      }
    }
  }

  @Test
  void pooledVectorsAreThoseOfTheTokens() throws IOException {
    try (MegaBert bert = PipelineFixtures.open(TASK, "vector")) {
      Features features = bert.featureExtraction().apply(TEXT);
      float[] rows = features.vectors().toFloatArray();
      int columns = bert.config().hiddenSize();
      int tokens = rows.length / columns;
      TextEmbedding embedding = bert.textEmbedding();
      float[] mean = embedding.apply(TEXT).vector();
      float[] cls = embedding.apply(TEXT, Options.DEFAULT.withPooling(Pooling.CLS)).vector();
      float[] max = embedding.apply(TEXT, Options.DEFAULT.withPooling(Pooling.MAX)).vector();
      for (int j = 0; j < columns; j++) {
        double sum = 0;
        float largest = Float.NEGATIVE_INFINITY;
        for (int t = 0; t < tokens; t++) {
          sum += rows[t * columns + j];
          largest = Math.max(largest, rows[t * columns + j]);
        }
        assertEquals(sum / tokens, mean[j], 1e-6);
        assertEquals(rows[j], cls[j]);
        assertEquals(largest, max[j]);
      }
    }
  }

  @Test
  void normalizedVectorsHaveLengthOne() throws IOException {
    try (MegaBert bert = PipelineFixtures.open(TASK, "vector")) {
      Options options = Options.DEFAULT.withNormalize(true);
      double squares = 0;
      for (float value : bert.textEmbedding().apply(TEXT, options).vector()) {
        squares += (double) value * value;
      }
      assertEquals(1, squares, 1e-6);
    }
  }

  @Test
  void longTextsAreTheMeanOfTheirWindows() throws IOException {
    try (MegaBert bert = PipelineFixtures.open(TASK, "vector")) {
      TextEmbedding embedding = bert.textEmbedding();
      String first = "red ".repeat(62);
      String second = "blue ".repeat(20);
      Embedding whole = embedding.apply(first + second);
      assertEquals(2, whole.windows());
      assertEquals(64 + 22, whole.tokens());
      assertEquals(0, whole.truncatedTokens());
      float[] a = embedding.apply(first).vector();
      float[] b = embedding.apply(second).vector();
      for (int i = 0; i < a.length; i++) {
        assertEquals((64 * a[i] + 22 * b[i]) / 86, whole.vector()[i], 1e-5);
      }
      Embedding cut =
          embedding.apply(first + second, Options.DEFAULT.withLongText(LongText.TRUNCATE));
      assertEquals(20, cut.truncatedTokens());
      assertThrows(
          IllegalArgumentException.class,
          () -> embedding.apply(first + second, Options.DEFAULT.withLongText(LongText.REFUSE)));
      assertThrows(
          IllegalArgumentException.class,
          () -> bert.featureExtraction().applyAll(List.of(first + second)));
    }
  }
}
