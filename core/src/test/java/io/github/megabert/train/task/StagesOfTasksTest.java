// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.train.TrainingOptions;
import io.github.megabert.train.data.LabelledText;
import io.github.megabert.train.data.TrainingFixtures;
import io.github.megabert.train.data.samples.Corpora;
import io.github.megabert.train.data.samples.DataSplit;
import io.github.megabert.train.data.samples.Objective;
import io.github.megabert.train.data.samples.SampleOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Ranks with stages of a model train, validate and test as one rank does. */
class StagesOfTasksTest {
  private static final ParallelPlan TWO_STAGES = new ParallelPlan(1, 2, 1);

  @TempDir private Path folder;

  private static void assertSame(TrainingOutcome expected, TrainingOutcome actual) {
    assertSame(expected.validation(), actual.validation());
    assertSame(expected.test(), actual.test());
  }

  private static void assertSame(@Nullable Evaluation expected, @Nullable Evaluation actual) {
    assertNotNull(expected);
    assertNotNull(actual);
    assertEquals(expected.metrics().keySet(), actual.metrics().keySet());
    for (Map.Entry<String, Double> metric : expected.metrics().entrySet()) {
      double value = metric.getValue();
      assertEquals(
          value, actual.metrics().get(metric.getKey()), 1e-4 * Math.abs(value), metric.getKey());
    }
  }

  private static TrainingOutcome preTrain(
      Objective objective, @Nullable ParallelGroups ranks, Path output) throws IOException {
    PreTraining training =
        PreTraining.begin(
                MegatronBertConfig.ofSizes(4, 16, 2, 32, 8192, 64), TrainingFixtures.tokenizer())
            .objective(objective)
            .samples(SampleOptions.DEFAULT.withSequenceLength(48))
            .split(new DataSplit(80, 15, 5))
            .evaluationSamples(8)
            .options(TrainingOptions.DEFAULT.withMaxSteps(2).withBatchSize(4).withDropout(0.1))
            .backend("vector", BackendOptions.DEFAULT.withThreads(1));
    if (ranks != null) {
      training.ranks(ranks).stagesPerRank(2);
    }
    try (Corpora corpora =
        Corpora.open(List.of(TrainingFixtures.corpus("text_sentence").toString()))) {
      return training.run(corpora, output);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyObjectiveIsLearntInStages(Objective objective) throws Exception {
    TrainingOutcome expected = preTrain(objective, null, folder.resolve("one"));
    List<TrainingOutcome> outcomes =
        ThreadRanks.call(
            2, world -> preTrain(objective, TWO_STAGES.groups(world), folder.resolve("two")));
    outcomes.forEach(outcome -> assertSame(expected, outcome));
  }

  private static TrainingOutcome fineTune(@Nullable ParallelGroups ranks, Path output)
      throws IOException {
    List<LabelledText> films =
        List.of(
            new LabelledText("a fine film", "good"),
            new LabelledText("the dull book", "bad"),
            new LabelledText("a dull film", "bad"),
            new LabelledText("the fine red book", "good"));
    FineTuning<LabelledText> training =
        TinyModel.fineTuning(ClassificationTask::of)
            .train(films)
            .validate(films)
            .test(films)
            .options(TinyModel.options(6, 3));
    if (ranks != null) {
      training.ranks(ranks);
    }
    return training.run(output);
  }

  @Test
  void aClassifierIsTunedInStages() throws Exception {
    TrainingOutcome expected = fineTune(null, folder.resolve("one"));
    List<TrainingOutcome> outcomes =
        ThreadRanks.call(2, world -> fineTune(TWO_STAGES.groups(world), folder.resolve("two")));
    outcomes.forEach(outcome -> assertSame(expected, outcome));
  }
}
