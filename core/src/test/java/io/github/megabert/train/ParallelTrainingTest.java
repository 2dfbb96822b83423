package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.model.TensorAssertions;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.parallel.RankFailedException;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.log.MetricsLine;
import io.github.megabert.train.optim.AdamWOptions;
import io.github.megabert.train.optim.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranks that train together compute what one rank computes, dropout included. */
class ParallelTrainingTest {
  private static final int STEPS = 20;
  private static final MegatronBertConfig CONFIG =
      MegatronBertConfig.ofSizes(2, 32, 4, 50, 101, 32);

  @TempDir private Path folder;

  /** Random texts, of which every fifth token is to be told. */
  private static final class Texts implements Dataset {
    @Override
    public int size() {
      return 48;
    }

    @Override
    public Part batch(int epoch, int[] examples) {
      int[][] tokens = new int[examples.length][];
      List<Integer> labels = new ArrayList<>();
      int[] pairs = new int[examples.length];
      for (int i = 0; i < examples.length; i++) {
        SplittableRandom random = new SplittableRandom(examples[i]);
        tokens[i] = random.ints(3 + random.nextInt(20), 0, CONFIG.vocabSize()).toArray();
        pairs[i] = random.nextInt(2);
        for (int t = 0; t < tokens[i].length; t++) {
          labels.add(t % 5 == 1 ? random.nextInt(CONFIG.vocabSize()) : Labels.IGNORED);
        }
      }
      int[] words = labels.stream().mapToInt(Integer::intValue).toArray();
      return new Part(Batch.ofTokens(tokens), new Labels.OfPreTraining(words, pairs));
    }
  }

  private static TrainingOptions options() {
    return new TrainingOptions(
        3,
        STEPS,
        4,
        4,
        AdamWOptions.DEFAULT.withLearningRate(1e-3),
        Schedule.Decay.LINEAR,
        2,
        0,
        OptionalDouble.of(0.1),
        0.1,
        false,
        42,
        true,
        0,
        7,
        0,
        2);
  }

  private static List<MetricsLine.Step> trainRank(
      ParallelPlan plan,
      Communicator world,
      String backendName,
      Path output,
      boolean resume,
      boolean stopWhenSaved)
      throws IOException {
    ParallelGroups groups = plan.groups(world);
    Communicator tensor = plan.tensor() == 1 ? null : groups.tensor();
    List<MetricsLine.Step> lines = new ArrayList<>();
    try (Backend backend = Backends.open(backendName, BackendOptions.DEFAULT.withThreads(1));
        RandomCheckpoint weights = RandomCheckpoint.of(CONFIG, ModelClass.PRE_TRAINING, 1);
        TrainableModel model =
            TrainableModel.load(
                weights, backend, LoadOptions.DEFAULT.withTensorParallel(tensor), spec -> false)) {
      Trainer running = new Trainer(model, new Texts(), options()).ranks(groups);
      Trainer trainer =
          running.listener(
              new TrainingListener() {
                @Override
                public void saved(Path checkpoint) {
                  if (stopWhenSaved) {
                    running.stop();
                  }
                }

                @Override
                public void stepped(MetricsLine.Step step) {
                  lines.add(step);
                }
              });
      TrainingResult _ = resume ? trainer.resume(output) : trainer.run(output);
    }
    return lines;
  }

  private List<MetricsLine.Step> train(ParallelPlan plan, String backend, Path output)
      throws InterruptedException {
    List<List<MetricsLine.Step>> all =
        ThreadRanks.call(
            plan.ranks(), world -> trainRank(plan, world, backend, output, false, false));
    for (List<MetricsLine.Step> lines : all) {
      for (int i = 0; i < STEPS; i++) {
        assertEquals(all.getFirst().get(i).loss(), lines.get(i).loss(), "all ranks see one loss");
      }
    }
    return all.getFirst();
  }

  @ParameterizedTest
  @CsvSource({"2, 1, vector", "4, 1, scalar", "1, 2, vector", "2, 2, vector", "1, 4, scalar"})
  void ranksTrainAsOneDoes(int tensor, int data, String backend) throws Exception {
    Path one = folder.resolve("one");
    Path many = folder.resolve("many");
    List<MetricsLine.Step> expected = train(new ParallelPlan(1, 1, 1), backend, one);
    List<MetricsLine.Step> actual = train(new ParallelPlan(tensor, 1, data), backend, many);
    assertEquals(STEPS, actual.size());
    for (int i = 0; i < STEPS; i++) {
      double loss = expected.get(i).loss();
      assertEquals(loss, actual.get(i).loss(), (i < 5 ? 1e-5 : 1e-4) * loss, "step " + (i + 1));
      double norm = expected.get(i).gradNorm();
      assertEquals(norm, actual.get(i).gradNorm(), 1e-3 * norm, "step " + (i + 1));
    }
    try (Safetensors wanted = Safetensors.open(one.resolve("model.safetensors"));
        Safetensors got = Safetensors.open(many.resolve("model.safetensors"))) {
      assertEquals(wanted.names(), got.names());
      for (String name : wanted.names()) {
        if (name.endsWith("self.key.bias")) {
          // Their gradient is zero but for rounding, so AdamW walks at random there.
          continue;
        }
        TensorAssertions.assertCloseOrZero(name, wanted.tensor(name), got.tensor(name), 1e-3, 1e-5);
      }
    }
  }

  @Test
  void anotherNumberOfRanksGoesOnWithARun() throws Exception {
    Path whole = folder.resolve("whole");
    List<MetricsLine.Step> expected = train(new ParallelPlan(1, 1, 1), "vector", whole);
    Path output = folder.resolve("divided");
    List<MetricsLine.Step> _ = train(new ParallelPlan(2, 1, 1), "vector", output);
    deleteStep(output.resolve("checkpoints").resolve("step-20"));
    List<List<MetricsLine.Step>> resumed =
        ThreadRanks.call(
            4, world -> trainRank(new ParallelPlan(4, 1, 1), world, "vector", output, true, false));
    List<MetricsLine.Step> lines = resumed.getFirst();
    assertEquals(STEPS - 14, lines.size());
    for (int i = 0; i < lines.size(); i++) {
      double loss = expected.get(14 + i).loss();
      assertEquals(loss, lines.get(i).loss(), 1e-4 * loss, "step " + (15 + i));
    }
  }

  @Test
  void aRunThatStopsAtAStepThatIsSavedEnds() throws Exception {
    ThreadRanks.run(
        2,
        world -> {
          ParallelPlan plan = new ParallelPlan(2, 1, 1);
          assertEquals(7, trainRank(plan, world, "vector", folder, false, true).size());
        });
  }

  @Test
  void moreCopiesThanPassesAreRefused() {
    RankFailedException failure =
        assertThrows(
            RankFailedException.class, () -> train(new ParallelPlan(1, 1, 5), "scalar", folder));
    assertTrue(
        String.valueOf(failure.getMessage()).contains("4 passes for 5 data-parallel ranks"),
        failure.getMessage());
  }

  private static void deleteStep(Path checkpoint) throws IOException {
    try (Stream<Path> files = Files.list(checkpoint)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(checkpoint);
  }
}
