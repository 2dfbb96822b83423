// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.train.data.TrainingFixtures;
import io.github.megabert.train.data.indexed.IndexedDataset;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Every sample equals the one that Megatron-LM's own code drew, to the bit. */
class MaskedSamplesTest {
  private static final int CASES = 16;

  static Stream<Integer> cases() throws IOException {
    assertEquals(CASES, TrainingFixtures.json("megatron_data/cases.json").size());
    return IntStream.range(0, CASES).boxed();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void samplesEqualMegatronLms(int number) throws IOException {
    JsonNode recorded = TrainingFixtures.json("megatron_data/cases.json").get(number);
    WordPieces pieces = new WordPieces(TrainingFixtures.tokenizer());
    SampleOptions options = options(recorded);
    DocumentRange documents =
        new DocumentRange(
            recorded.get("documents").get(0).asInt(), recorded.get("documents").get(1).asInt());
    try (IndexedDataset data = IndexedDataset.open(TrainingFixtures.corpus("text_sentence"));
        Safetensors expected =
            Safetensors.open(TrainingFixtures.file("megatron_data/samples.safetensors"))) {
      String prefix = "case" + number + ".";
      MaskedSamples samples =
          MaskedSamples.of(data, pieces, documents, options, recorded.get("num_samples").asLong());
      assertEquals(recorded.get("samples").asInt(), samples.size());
      assertArrayEquals(longs(expected.tensor(prefix + "sample_index")), rows(samples.index()));
      int sequence = options.sequenceLength();
      long[] isRandom = longs(expected.tensor(prefix + "is_random"));
      long[] truncated = longs(expected.tensor(prefix + "truncated"));
      assertEquals(recorded.get("recorded").asInt(), isRandom.length);
      for (int i = 0; i < isRandom.length; i++) {
        MaskedSample sample = samples.sample(i);
        PaddedSample padded = PaddedSample.of(sample, pieces, sequence);
        String at = "sample " + i;
        assertArrayEquals(row(expected, prefix + "text", i, sequence), padded.text(), at);
        assertArrayEquals(row(expected, prefix + "types", i, sequence), padded.types(), at);
        assertArrayEquals(row(expected, prefix + "labels", i, sequence), padded.labels(), at);
        assertArrayEquals(
            row(expected, prefix + "padding_mask", i, sequence), padded.paddingMask(), at);
        assertArrayEquals(row(expected, prefix + "loss_mask", i, sequence), padded.lossMask(), at);
        assertEquals(isRandom[i] != 0, sample.isRandom(), at);
        assertEquals(truncated[i] != 0, sample.truncated(), at);
      }
    }
  }

  static SampleOptions options(JsonNode recorded) {
    return new SampleOptions(
        recorded.get("seed").asInt(),
        recorded.get("sequence_length").asInt(),
        recorded.get("masking_probability").asDouble(),
        recorded.get("short_sequence_probability").asDouble(),
        recorded.get("masking_max_ngram").asInt(),
        recorded.get("masking_do_full_word").asBoolean(),
        recorded.get("masking_use_longer_ngrams").asBoolean(),
        recorded.get("masking_use_geometric_distribution").asBoolean(),
        recorded.get("classification_head").asBoolean());
  }

  private static long[] rows(SampleIndex index) {
    long[] rows = new long[3 * index.size()];
    for (int i = 0; i < index.size(); i++) {
      rows[3 * i] = index.first(i);
      rows[3 * i + 1] = index.end(i);
      rows[3 * i + 2] = index.target(i);
    }
    return rows;
  }

  private static int[] row(Safetensors expected, String name, int row, int length) {
    long[] all = longs(expected.tensor(name));
    return Arrays.stream(all, row * length, (row + 1) * length)
        .mapToInt(Math::toIntExact)
        .toArray();
  }

  private static long[] longs(Tensor tensor) {
    long[] values = new long[Math.toIntExact(tensor.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          tensor.dtype() == DType.I64
              ? tensor.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i)
              : tensor.segment().get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i);
    }
    return values;
  }
}
