// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.train.data.TrainingDataException;
import io.github.megabert.train.data.TrainingFixtures;
import io.github.megabert.train.data.indexed.IndexedDataset;
import java.io.IOException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * Windows equal those of Megatron-LM's {@code _build_document_index}, {@code build_sample_idx} and
 * {@code _build_shuffle_index}: the first three samples and the last three.
 */
class CausalSamplesTest {
  private static final int VOCABULARY = 8192;

  @Test
  void windowsEqualMegatronLms() throws IOException {
    JsonNode cases = TrainingFixtures.json("megatron_data/causal_cases.json");
    assertFalse(cases.isEmpty());
    try (IndexedDataset data = IndexedDataset.open(TrainingFixtures.corpus("text_sentence"))) {
      for (JsonNode recorded : cases) {
        CausalSamples samples =
            CausalSamples.of(
                data,
                VOCABULARY,
                new DocumentRange(
                    recorded.get("documents").get(0).asInt(),
                    recorded.get("documents").get(1).asInt()),
                recorded.get("seed").asInt(),
                recorded.get("sequence_length").asInt(),
                recorded.get("num_samples").asInt());
        assertEquals(recorded.get("samples").asInt(), samples.size());
        JsonNode rows = recorded.get("recorded");
        for (int i = 0; i < rows.size(); i++) {
          JsonNode row = rows.get(i);
          int number = i < 3 ? i : samples.size() - rows.size() + i;
          assertArrayEquals(
              IntStream.range(0, row.size()).map(t -> row.get(t).asInt()).toArray(),
              samples.sample(number));
        }
      }
    }
  }

  @Test
  void documentsShorterThanASampleAreRefused() throws IOException {
    try (IndexedDataset data = IndexedDataset.open(TrainingFixtures.corpus("text_sentence"))) {
      TrainingDataException refusal =
          assertThrows(
              TrainingDataException.class,
              () -> CausalSamples.of(data, VOCABULARY, new DocumentRange(0, 1), 1, 100_000, 0));
      assertEquals(
          data.prefix() + ".idx has 144 tokens in 1 documents; a sample takes 100000",
          refusal.getMessage());
    }
  }
}
