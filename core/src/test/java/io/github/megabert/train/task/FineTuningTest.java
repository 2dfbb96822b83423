// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.TrainingListener;
import io.github.megabert.train.TrainingOptions;
import io.github.megabert.train.data.Example;
import io.github.megabert.train.data.LabelledText;
import io.github.megabert.train.log.MetricsLine;
import io.github.megabert.train.log.MetricsLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FineTuningTest {
  private static final List<LabelledText> FILMS =
      List.of(
          new LabelledText("a fine film", "good"),
          new LabelledText("a dull film", "bad"),
          new LabelledText("fine book", "good"),
          new LabelledText("dull red book", "bad"),
          new LabelledText("the cat sat on the mat", "cat"));
  private static final List<LabelledText> TEXTS =
      FILMS.stream().map(film -> new LabelledText(film.text(), null, null)).toList();

  @TempDir private Path folder;

  /** Ends a run as a failure does, with whatever was saved before. */
  private static TrainingListener failingAt(int lastStep) {
    return new TrainingListener() {
      @Override
      public void stepped(MetricsLine.Step step) {
        if (step.step() == lastStep) {
          throw new IllegalStateException("the power is off");
        }
      }
    };
  }

  /** What does not depend on the clock. */
  private static List<Object> figures(Path run) throws IOException {
    List<Object> figures = new ArrayList<>();
    for (MetricsLine line : MetricsLog.read(run.resolve("metrics.jsonl"))) {
      switch (line) {
        case MetricsLine.Step step ->
            figures.add(List.of(step.step(), step.loss(), step.learningRate(), step.gradNorm()));
        case MetricsLine.Evaluation evaluation -> figures.add(evaluation);
      }
    }
    return figures;
  }

  /** A checkpoint each third step; 5 examples in batches of 2 make 3 steps an epoch. */
  private <E extends Example> void resumesToTheSameBits(
      FineTuningTask.Factory<E> task, List<E> examples) throws IOException {
    TrainingOptions options = TinyModel.options(14, 2, OptionalDouble.of(0.1), 3);
    Path whole = folder.resolve("whole");
    TinyModel.fineTuning(task).train(examples).validate(examples).options(options).run(whole);
    Path cut = folder.resolve("cut");
    FineTuning<E> broken =
        TinyModel.fineTuning(task)
            .train(examples)
            .validate(examples)
            .options(options)
            .listener(failingAt(8));
    assertThrows(IllegalStateException.class, () -> broken.run(cut));
    assertTrue(Files.exists(cut.resolve("checkpoints/step-6")));
    TrainingOutcome resumed =
        TinyModel.fineTuning(task).train(examples).validate(examples).options(options).resume(cut);
    assertEquals(14, resumed.training().steps());
    List<Object> figures = figures(whole);
    assertEquals(14 + 5, figures.size());
    assertEquals(figures, figures(cut));
    assertArrayEquals(
        Files.readAllBytes(whole.resolve("model.safetensors")),
        Files.readAllBytes(cut.resolve("model.safetensors")));
  }

  @Test
  void aClassifierResumesToTheSameBits() throws IOException {
    resumesToTheSameBits(ClassificationTask::of, FILMS);
  }

  @Test
  void aMaskedLanguageModelResumesToTheSameBits() throws IOException {
    resumesToTheSameBits(MaskedLanguageModelTask::of, TEXTS);
  }

  @Test
  void anInterruptEndsARunWithACheckpoint() throws IOException {
    Path output = folder.resolve("interrupted");
    Thread caller = Thread.currentThread();
    TrainingOutcome result =
        TinyModel.fineTuning(ClassificationTask::of)
            .train(FILMS)
            .validate(FILMS)
            .options(TinyModel.options(10_000_000, 2))
            .listener(
                new TrainingListener() {
                  @Override
                  public void stepped(MetricsLine.Step step) {
                    if (step.step() == 5) {
                      caller.interrupt();
                    }
                  }
                })
            .run(output);
    assertTrue(Thread.interrupted());
    assertFalse(result.training().isComplete());
    assertNull(result.validation());
    assertTrue(result.training().steps() >= 5);
    Path saved = output.resolve("checkpoints/step-" + result.training().steps());
    assertTrue(Files.exists(saved.resolve("optimizer.safetensors")), saved.toString());
  }

  @Test
  void aModelWithoutALanguageModelHeadBeginsWithARandomOne() throws IOException {
    Path output = folder.resolve("head");
    TrainingOutcome result =
        FineTuning.of(
                MaskedLanguageModelTask::of, TinyModel.of(ModelClass.MODEL), TinyModel.TOKENIZER)
            .backend(Backends.VECTOR, BackendOptions.DEFAULT.withThreads(1))
            .train(TEXTS)
            .options(TinyModel.options(3, 5))
            .run(output);
    assertTrue(result.training().isComplete());
    try (MegaBert bert = MegaBert.load(output)) {
      assertEquals(1, bert.fillMask().best("a [MASK] film", 1).size());
    }
  }

  @Test
  void frozenParametersStayAsTheyAre() throws IOException {
    Path output = folder.resolve("frozen");
    TinyModel.fineTuning(ClassificationTask::of)
        .train(FILMS)
        .options(TinyModel.options(3, 5))
        .freeze(parameter -> parameter.name().startsWith("bert.embeddings."))
        .run(output);
    String frozen = "bert.embeddings.word_embeddings.weight";
    String trained = "bert.encoder.ln.weight";
    Checkpoint start = TinyModel.of(ModelClass.MASKED_LM);
    try (Safetensors saved = Safetensors.open(output.resolve("model.safetensors"))) {
      assertArrayEquals(start.tensor(frozen).toFloatArray(), saved.tensor(frozen).toFloatArray());
      assertNotEquals(
          start.tensor(trained).toFloatArray()[0], saved.tensor(trained).toFloatArray()[0]);
    }
  }

  @Test
  void whatCannotBeIsRefusedInASentence() {
    assertEquals(
        "the task classify has no metric \"bleu\"; it has loss, accuracy, f1_macro, f1_weighted,"
            + " matthews",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    TinyModel.fineTuning(ClassificationTask::of)
                        .train(FILMS)
                        .validate(FILMS)
                        .best("bleu")
                        .run(folder.resolve("a")))
            .getMessage());
    assertEquals(
        "the greatest length is 33, the model takes 32 tokens",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    TinyModel.fineTuning(ClassificationTask::of)
                        .train(FILMS)
                        .maxLength(33)
                        .run(folder.resolve("b")))
            .getMessage());
    assertEquals(
        "the best model by \"accuracy\" cannot be told without validation data",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    TinyModel.fineTuning(ClassificationTask::of)
                        .train(FILMS)
                        .best("accuracy")
                        .run(folder.resolve("c")))
            .getMessage());
  }
}
