// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import static io.github.megabert.train.task.TinyModel.ids;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.model.Labels;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelledText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LanguageModelTasksTest {
  @TempDir private Path folder;

  private static ExampleSource<LabelledText> texts(String... texts) {
    return ExampleSource.of(
        "the examples",
        Arrays.stream(texts).map(text -> new LabelledText(text, null, null)).toList());
  }

  private static int[] labels(Dataset.Part part) {
    return assertInstanceOf(Labels.OfTokens.class, part.labels()).classes();
  }

  @Test
  void learnsMaskedWords() throws IOException {
    Path output = folder.resolve("masked");
    TrainingOutcome result =
        TinyModel.fineTuning(MaskedLanguageModelTask::of)
            .train(texts("the cat sat on the mat", "ann lives in rome"))
            .validate(texts("the cat sat on the mat", "ann lives in rome"))
            .options(TinyModel.options(200, 2))
            .run(output);
    Evaluation validation = result.validation();
    assertNotNull(validation);
    assertEquals(List.of("loss", "perplexity"), List.copyOf(validation.metrics().keySet()));
    assertEquals(
        Math.exp(validation.metrics().get("loss")), validation.metrics().get("perplexity"), 1e-12);
    assertTrue(validation.metrics().get("perplexity") < 2, validation.metrics().toString());
    try (MegaBert bert = MegaBert.load(output)) {
      assertEquals("rome", bert.fillMask().best("ann lives in [MASK]", 1).getFirst().token());
    }
  }

  @Test
  void learnsToGoOn() throws IOException {
    Path output = folder.resolve("causal");
    TrainingOutcome result =
        TinyModel.fineTuning(CausalLanguageModelTask::of)
            .train(texts("the cat sat on the mat", "ann lives in rome"))
            .validate(texts("the cat sat on the mat", "ann lives in rome"))
            .options(TinyModel.options(100, 2))
            .run(output);
    Evaluation validation = result.validation();
    assertNotNull(validation);
    assertTrue(validation.metrics().get("perplexity") < 1.4, validation.metrics().toString());
    try (MegaBert bert = MegaBert.load(output)) {
      assertEquals("ann lives in rome", bert.textGeneration().apply("ann lives").best().text());
    }
  }

  @Test
  void masksAreEightyTenTenOfFifteenPercent() throws IOException {
    Dataset data =
        new MaskedLanguageModelTask()
            .dataset(
                texts(
                    Collections.nCopies(2000, "the cat sat on the mat in rome ann met bob")
                        .toArray(String[]::new)),
                TinyModel.preparation(32));
    Dataset.Part part = data.batch(0, IntStream.range(0, 2000).toArray());
    int[] tokens = part.batch().tokenIds();
    assertNotNull(tokens);
    int[] labels = labels(part);
    int predicted = 0;
    int masked = 0;
    int same = 0;
    for (int t = 0; t < labels.length; t++) {
      if (labels[t] != Labels.IGNORED) {
        predicted++;
        masked += tokens[t] == TinyModel.TOKENIZER.maskId() ? 1 : 0;
        same += tokens[t] == labels[t] ? 1 : 0;
      }
    }
    // 2000 texts of 11 words; where none of 11 is chosen (16.7 %), one is all the same. Bounds are
    // five standard deviations.
    assertEquals(2000 * (11 * 0.15 + Math.pow(0.85, 11)), predicted, 250);
    assertEquals(0.8 + 0.1 / 33, (double) masked / predicted, 0.035);
    assertEquals(0.1 + 0.1 / 33, (double) same / predicted, 0.027);
  }

  @Test
  void masksAreAFunctionOfTheEpochAndTheExample() throws IOException {
    ExampleSource<LabelledText> source =
        texts("the cat sat on the mat in rome", "ann met bob in the red book");
    Dataset data = new MaskedLanguageModelTask().dataset(source, TinyModel.preparation(32));
    Dataset again = new MaskedLanguageModelTask().dataset(source, TinyModel.preparation(32));
    Dataset.Part both = data.batch(3, new int[] {0, 1});
    Dataset.Part second = again.batch(3, new int[] {1});
    int from = both.batch().offsets()[1];
    assertArrayEquals(
        second.batch().tokenIds(),
        Arrays.copyOfRange(both.batch().tokenIds(), from, both.batch().tokens()));
    assertArrayEquals(
        labels(second), Arrays.copyOfRange(labels(both), from, both.batch().tokens()));
    long different =
        IntStream.range(0, 20)
            .filter(
                epoch ->
                    !Arrays.equals(
                        labels(data.batch(epoch, new int[] {0})),
                        labels(data.batch(epoch + 1, new int[] {0}))))
            .count();
    assertTrue(different > 10, "epochs with other masks: " + different);
  }

  @Test
  void everySequenceHasATokenToPredictAndSpecialTokensAreNone() throws IOException {
    Dataset data =
        new MaskedLanguageModelTask().dataset(texts("cat", "", "a cat"), TinyModel.preparation(8));
    assertEquals(2, data.size());
    for (int epoch = 0; epoch < 50; epoch++) {
      int[] one = labels(data.batch(epoch, new int[] {0}));
      assertArrayEquals(new int[] {Labels.IGNORED, ids("cat")[0], Labels.IGNORED}, one);
      int[] two = labels(data.batch(epoch, new int[] {1}));
      assertFalse(Arrays.stream(two).allMatch(label -> label == Labels.IGNORED));
      assertEquals(Labels.IGNORED, two[0]);
      assertEquals(Labels.IGNORED, two[3]);
    }
  }

  @Test
  void longTextsAreDividedForMasks() throws IOException {
    Dataset data =
        new MaskedLanguageModelTask()
            .dataset(texts("the cat sat on the mat"), TinyModel.preparation(6));
    assertEquals(2, data.size());
    assertArrayEquals(new int[] {0, 6, 10}, data.batch(0, new int[] {0, 1}).batch().offsets());
  }

  @Test
  void aCausalModelLearnsEveryTokenButTheFirst() throws IOException {
    Dataset data =
        new CausalLanguageModelTask()
            .dataset(texts("the cat sat on the mat", "a cat"), TinyModel.preparation(5));
    assertEquals(3, data.size());
    Dataset.Part part = data.batch(0, new int[] {1, 2});
    assertArrayEquals(
        ids("the", "mat", "[SEP]", "[CLS]", "a", "cat", "[SEP]"), part.batch().tokenIds());
    int[] expected = ids("the", "mat", "[SEP]", "[CLS]", "a", "cat", "[SEP]");
    expected[0] = Labels.IGNORED;
    expected[3] = Labels.IGNORED;
    assertArrayEquals(expected, labels(part));
  }
}
