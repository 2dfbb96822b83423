// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.train.CheckpointFormat;
import io.github.megabert.train.TrainingListener;
import io.github.megabert.train.TrainingOptions;
import io.github.megabert.train.data.TrainingDataException;
import io.github.megabert.train.data.TrainingFixtures;
import io.github.megabert.train.data.samples.Corpora;
import io.github.megabert.train.data.samples.DataSplit;
import io.github.megabert.train.data.samples.Objective;
import io.github.megabert.train.data.samples.SampleOptions;
import io.github.megabert.train.log.MetricsLine;
import io.github.megabert.train.log.MetricsLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A small model learns from the corpus that Megatron-LM wrote. */
class PreTrainingTest {
  private static final int STEPS = 6;
  private static final MegatronBertConfig CONFIG =
      MegatronBertConfig.ofSizes(2, 16, 2, 32, 8192, 64);

  @TempDir private Path folder;

  private static Corpora corpora() throws IOException {
    return Corpora.open(List.of(TrainingFixtures.corpus("text_sentence").toString()));
  }

  private static TrainingOptions options() {
    return TrainingOptions.DEFAULT
        .withMaxSteps(STEPS)
        .withBatchSize(4)
        .withLearningRate(1e-2)
        .withDropout(0.1);
  }

  private static PreTraining training(Objective objective) throws IOException {
    return PreTraining.begin(CONFIG, TrainingFixtures.tokenizer())
        .objective(objective)
        .samples(SampleOptions.DEFAULT.withSequenceLength(48))
        .split(new DataSplit(80, 15, 5))
        .evaluationSamples(16)
        .options(options())
        .backend("vector", BackendOptions.DEFAULT.withThreads(1));
  }

  @ParameterizedTest
  @EnumSource
  void everyObjectiveIsLearntFrom(Objective objective) throws IOException {
    Path output = folder.resolve("model");
    try (Corpora corpora = corpora()) {
      TrainingOutcome outcome = training(objective).run(corpora, output);
      assertTrue(outcome.training().isComplete());
      assertEquals(STEPS, outcome.training().steps());
      List<Double> losses = losses(output);
      // Guessing costs ln 8192 nats a token, and ln 2 more for the order of segments.
      double guessing =
          Math.log(8192) + (objective == Objective.MASKED_WORDS_AND_ORDER ? Math.log(2) : 0);
      assertEquals(guessing, losses.getFirst(), 0.3);
      assertTrue(losses.getLast() < losses.getFirst() - 0.15, losses.toString());
      assertTrue(outcome.validation().metrics().containsKey("perplexity"));
      assertEquals(
          objective == Objective.MASKED_WORDS_AND_ORDER,
          outcome.test().metrics().containsKey("sentence_order_accuracy"));
    }
    try (MegaBert bert = MegaBert.load(output)) {
      assertEquals(
          switch (objective) {
            case MASKED_WORDS_AND_ORDER -> "MegatronBertForPreTraining";
            case MASKED_WORDS -> "MegatronBertForMaskedLM";
            case CAUSAL -> "MegatronBertForCausalLM";
          },
          bert.model().className());
    }
  }

  private static List<Double> losses(Path output) throws IOException {
    List<Double> losses = new ArrayList<>();
    for (MetricsLine line : MetricsLog.read(output.resolve("metrics.jsonl"))) {
      if (line instanceof MetricsLine.Step step) {
        losses.add(step.loss());
      }
    }
    return losses;
  }

  @ParameterizedTest
  @EnumSource
  void aRunThatEndedGoesOnToTheSameBits(CheckpointFormat format) throws IOException {
    Path whole = folder.resolve("whole");
    Path ended = folder.resolve("ended");
    try (Corpora corpora = corpora()) {
      savingEveryTwoSteps(format).run(corpora, whole);
      PreTraining failing = savingEveryTwoSteps(format);
      failing.listener(
          new TrainingListener() {
            @Override
            public void stepped(MetricsLine.Step step) {
              if (step.step() == 3) {
                throw new IllegalStateException("the power fails");
              }
            }
          });
      assertThrows(IllegalStateException.class, () -> failing.run(corpora, ended));
      try (Checkpoint saved = Checkpoint.open(ended.resolve("checkpoints").resolve("step-2"))) {
        assertTrue(saved.names().contains("cls.seq_relationship.weight"));
      }
      assertTrue(savingEveryTwoSteps(format).resume(corpora, ended).training().isComplete());
    }
    assertEquals(losses(whole), losses(ended));
    assertArrayEquals(
        Files.readAllBytes(whole.resolve("model.safetensors")),
        Files.readAllBytes(ended.resolve("model.safetensors")));
  }

  private static PreTraining savingEveryTwoSteps(CheckpointFormat format) throws IOException {
    TrainingOptions once = options();
    return training(Objective.MASKED_WORDS_AND_ORDER)
        .checkpoints(format)
        .options(
            new TrainingOptions(
                0,
                STEPS,
                once.batchSize(),
                1,
                once.optimizer(),
                once.decay(),
                0,
                0,
                once.dropout(),
                0,
                false,
                once.seed(),
                true,
                0,
                2,
                0,
                2));
  }

  @Test
  void halfBatchesTwiceAreAWholeOne() throws IOException {
    try (Corpora corpora = corpora()) {
      TrainingOptions once =
          TrainingOptions.DEFAULT.withMaxSteps(2).withBatchSize(8).withDropout(0);
      TrainingOptions twice =
          new TrainingOptions(
              0,
              2,
              4,
              2,
              once.optimizer(),
              once.decay(),
              0,
              0,
              once.dropout(),
              0,
              false,
              once.seed(),
              true,
              0,
              0,
              0,
              2);
      training(Objective.CAUSAL).options(once).run(corpora, folder.resolve("once"));
      training(Objective.CAUSAL).options(twice).run(corpora, folder.resolve("twice"));
    }
    // Windows have as many tokens each, so means of halves are halves of the mean.
    List<Double> once = losses(folder.resolve("once"));
    List<Double> twice = losses(folder.resolve("twice"));
    for (int step = 0; step < once.size(); step++) {
      assertEquals(once.get(step), twice.get(step), 1e-5);
    }
  }

  @Test
  void weightsBeginAsMegatronLms() throws IOException {
    MegatronBertConfig config = MegatronBertConfig.ofSizes(8, 64, 4, 256, 512, 64);
    RandomCheckpoint weights = RandomCheckpoint.initial(config, ModelClass.PRE_TRAINING, 42);
    String layer = "bert.encoder.layer.3.";
    assertDeviation(0.02, weights.tensor("bert.embeddings.word_embeddings.weight"));
    assertDeviation(0.02, weights.tensor(layer + "attention.self.query.weight"));
    assertDeviation(0.02, weights.tensor(layer + "intermediate.dense.weight"));
    assertDeviation(0.02 / 4, weights.tensor(layer + "attention.output.dense.weight"));
    assertDeviation(0.02 / 4, weights.tensor(layer + "output.dense.weight"));
    assertDeviation(0, weights.tensor(layer + "output.dense.bias"));
    assertEquals(1, weights.tensor(layer + "ln.weight").getFloat(7));
    assertEquals(0, weights.tensor(layer + "ln.bias").getFloat(7));
  }

  private static void assertDeviation(double expected, Tensor tensor) {
    int count = Math.toIntExact(tensor.elements());
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < count; i++) {
      sum += tensor.getFloat(i);
      squares += tensor.getFloat(i) * tensor.getFloat(i);
    }
    assertEquals(0, sum / count, 4 * expected / Math.sqrt(count) + 1e-12);
    assertEquals(expected, Math.sqrt(squares / count), 4 * expected / Math.sqrt(2.0 * count));
  }

  @Test
  void anotherSeedOrCorpusIsNotResumed() throws IOException {
    Path output = folder.resolve("model");
    try (Corpora corpora = corpora()) {
      training(Objective.MASKED_WORDS).run(corpora, output);
      PreTraining otherMasks =
          training(Objective.MASKED_WORDS)
              .samples(new SampleOptions(7, 48, 0.15, 0.1, 3, true, false, false, true));
      assertThrows(CheckpointException.class, () -> otherMasks.resume(corpora, output));
    }
    String int32 = TrainingFixtures.corpus("text_int32").toString();
    try (Corpora other = Corpora.open(List.of(int32))) {
      PreTraining again = training(Objective.MASKED_WORDS);
      assertThrows(CheckpointException.class, () -> again.resume(other, output));
    }
  }

  @Test
  void aCorpusThatChangesUnderARunEndsIt() throws IOException {
    Path prefix = folder.resolve("corpus");
    for (String suffix : new String[] {".bin", ".idx"}) {
      Files.copy(
          TrainingFixtures.file("megatron_data/text_sentence" + suffix),
          folder.resolve("corpus" + suffix));
    }
    try (Corpora corpora = Corpora.open(List.of(prefix.toString()))) {
      PreTraining training = training(Objective.MASKED_WORDS);
      training.listener(
          new TrainingListener() {
            @Override
            public void stepped(MetricsLine.Step step) {
              try {
                Files.setLastModifiedTime(
                    folder.resolve("corpus.bin"), FileTime.fromMillis(step.step()));
              } catch (IOException failure) {
                throw new UncheckedIOException(failure);
              }
            }
          });
      UncheckedIOException ended =
          assertThrows(
              UncheckedIOException.class, () -> training.run(corpora, folder.resolve("model")));
      assertTrue(ended.getCause() instanceof TrainingDataException);
      assertTrue(ended.getCause().getMessage().contains("corpus.bin has been changed"));
    }
  }

  @Test
  void whatDoesNotFitIsRefused() throws IOException {
    try (Corpora corpora = corpora()) {
      PreTraining tooLong =
          training(Objective.CAUSAL).samples(SampleOptions.DEFAULT.withSequenceLength(65));
      assertRefused("the model takes 64", tooLong, corpora);
      assertRefused(
          "say how many steps",
          training(Objective.CAUSAL).options(TrainingOptions.DEFAULT),
          corpora);
      assertRefused(
          "has no metric \"accuracy\"; it has loss, perplexity",
          training(Objective.CAUSAL).best("accuracy"),
          corpora);
      assertRefused(
          "no document to train on",
          training(Objective.MASKED_WORDS).split(new DataSplit(0, 1, 0)),
          corpora);
      PreTraining otherVocabulary =
          PreTraining.begin(
                  MegatronBertConfig.ofSizes(2, 16, 2, 32, 100, 64), TrainingFixtures.tokenizer())
              .options(options());
      assertRefused("the tokenizer has 8192 tokens, the model knows 100", otherVocabulary, corpora);
    }
  }

  private void assertRefused(String sentence, PreTraining training, Corpora corpora) {
    IllegalArgumentException refusal =
        assertThrows(
            IllegalArgumentException.class, () -> training.run(corpora, folder.resolve("refused")));
    assertTrue(refusal.getMessage().contains(sentence), refusal.getMessage());
  }

  @Test
  void trainingGoesOnFromAModel() throws IOException {
    Path first = folder.resolve("first");
    Path second = folder.resolve("second");
    try (Corpora corpora = corpora()) {
      TrainingOutcome begun = training(Objective.MASKED_WORDS_AND_ORDER).run(corpora, first);
      TrainingOutcome gone =
          PreTraining.from(first, null)
              .objective(Objective.MASKED_WORDS)
              .samples(SampleOptions.DEFAULT.withSequenceLength(48))
              .split(new DataSplit(80, 15, 5))
              .options(options())
              .backend("vector", BackendOptions.DEFAULT.withThreads(1))
              .run(corpora, second);
      assertTrue(losses(second).getFirst() < Math.log(8192) - 0.15, losses(second).toString());
      assertTrue(begun.training().isComplete() && gone.training().isComplete());
    }
    try (Safetensors model = Safetensors.open(second.resolve("model.safetensors"))) {
      assertTrue(model.names().contains("cls.predictions.bias"));
      assertTrue(!model.names().contains("cls.seq_relationship.weight"));
    }
  }
}
