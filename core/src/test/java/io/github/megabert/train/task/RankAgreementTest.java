// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.parallel.RankFailedException;
import io.github.megabert.parallel.RanksDisagreeException;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.train.TrainingOptions;
import io.github.megabert.train.data.TrainingFixtures;
import io.github.megabert.train.data.samples.Corpora;
import io.github.megabert.train.data.samples.DataSplit;
import io.github.megabert.train.data.samples.SampleOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ranks with different options, models or data refuse to begin, and say which and what. */
class RankAgreementTest {
  private static final MegatronBertConfig SMALL = config(32);
  private static final MegatronBertConfig WIDER = config(48);
  private static final SampleOptions SAMPLES = SampleOptions.DEFAULT.withSequenceLength(48);
  private static final TrainingOptions OPTIONS =
      TrainingOptions.DEFAULT.withMaxSteps(2).withBatchSize(4);

  @TempDir private Path folder;

  /** What a rank trains with. */
  private record Own(MegatronBertConfig config, SampleOptions samples, TrainingOptions options) {}

  private static MegatronBertConfig config(int hidden) {
    return MegatronBertConfig.ofSizes(2, hidden, 2, 64, 8192, 64);
  }

  @Test
  void optionsModelsAndDataAreCompared() {
    Own first = new Own(SMALL, SAMPLES, OPTIONS);
    assertRefused("rank 1 has other options than rank 0: ", first, OPTIONS.withLearningRate(3e-4));
    assertRefused("rank 1 has other models than rank 0: ", first, new Own(WIDER, SAMPLES, OPTIONS));
    assertRefused(
        "rank 1 has other data than rank 0: ",
        first,
        new Own(SMALL, SAMPLES.withSequenceLength(40), OPTIONS));
  }

  private void assertRefused(String sentence, Own first, TrainingOptions options) {
    assertRefused(sentence, first, new Own(first.config, first.samples, options));
  }

  private void assertRefused(String sentence, Own first, Own second) {
    Path output = folder.resolve("model");
    Throwable refusal =
        assertThrows(
                RankFailedException.class,
                () ->
                    ThreadRanks.run(
                        2,
                        world -> {
                          Own own = world.rank() == 0 ? first : second;
                          try (Corpora corpora = corpora()) {
                            PreTraining.begin(own.config, TrainingFixtures.tokenizer())
                                .samples(own.samples)
                                .split(new DataSplit(80, 15, 5))
                                .evaluationSamples(8)
                                .options(own.options)
                                .backend("vector", BackendOptions.DEFAULT.withThreads(1))
                                .ranks(new ParallelPlan(1, 1, 2).groups(world))
                                .run(corpora, output);
                          }
                        }))
            .getCause();
    assertInstanceOf(RanksDisagreeException.class, refusal);
    assertTrue(refusal.getMessage().startsWith(sentence), refusal.getMessage());
    assertFalse(Files.exists(output), "a run that is refused leaves nothing");
  }

  private static Corpora corpora() throws IOException {
    return Corpora.open(List.of(TrainingFixtures.corpus("text_sentence").toString()));
  }
}
