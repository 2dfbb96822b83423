// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ModelFamily;
import io.github.megabert.train.data.Example;
import io.github.megabert.train.data.LabelledText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A BERT is fine-tuned as a MegatronBERT is, and stays a BERT. */
class BertFineTuningTest {
  private static final List<LabelledText> FILMS =
      List.of(
          new LabelledText("a fine film", "good"),
          new LabelledText("a dull film", "bad"),
          new LabelledText("fine book", "good"),
          new LabelledText("dull red book", "bad"));

  @TempDir private Path folder;

  private static <E extends Example> FineTuning<E> fineTuning(FineTuningTask.Factory<E> task) {
    MegatronBertConfig config =
        MegatronBertConfig.ofSizes(ModelFamily.BERT, 2, 32, 4, 64, TinyModel.VOCABULARY.size(), 32)
            .with("initializer_range", 0.1)
            .with("classifier_dropout", 0.0);
    Checkpoint start = RandomCheckpoint.of(config, ModelClass.MASKED_LM, 7);
    return FineTuning.of(task, start, TinyModel.TOKENIZER)
        .backend(Backends.VECTOR, BackendOptions.DEFAULT.withThreads(2));
  }

  @Test
  void aClassifierLearnsAndIsSavedAsABert() throws IOException {
    Path output = folder.resolve("classifier");
    fineTuning(ClassificationTask::of).train(FILMS).options(TinyModel.options(60, 2)).run(output);
    try (MegaBert bert = MegaBert.load(output)) {
      assertEquals(ModelFamily.BERT, bert.config().family());
      assertEquals("BertForSequenceClassification", bert.model().className());
      for (LabelledText film : FILMS) {
        String label = film.text().contains("fine") ? "good" : "bad";
        assertEquals(label, bert.textClassification().apply(film.text()).best().label());
      }
    }
  }

  @Test
  void aMaskedLanguageModelGoesOnWithItsHead() throws IOException {
    Path output = folder.resolve("masked");
    List<LabelledText> texts =
        List.of(
            new LabelledText("the cat sat on the mat", null, null),
            new LabelledText("ann lives in rome", null, null));
    TrainingOutcome result =
        fineTuning(MaskedLanguageModelTask::of)
            .train(texts)
            .validate(texts)
            .options(TinyModel.options(200, 2))
            .run(output);
    double perplexity = result.validation().metrics().get("perplexity");
    assertTrue(perplexity < 2, "perplexity " + perplexity);
    try (MegaBert bert = MegaBert.load(output)) {
      assertEquals("BertForMaskedLM", bert.model().className());
      assertEquals("rome", bert.fillMask().best("ann lives in [MASK]", 1).getFirst().token());
    }
  }
}
