package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.log.MetricsLine;
import io.github.megabert.train.optim.AdamWOptions;
import io.github.megabert.train.optim.Schedule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.SplittableRandom;

/**
 * A run of threads that train a small model on ragged random texts, with dropout.
 *
 * @param stopsWhenSaved whether it ends at its first checkpoint
 * @param layers of the model
 * @param stagesPerRank of a pipeline; 0 loads the whole model in spite of the plan
 */
record ParallelRun(
    ParallelPlan plan,
    String backend,
    boolean sequenceParallel,
    DataParallelOptions dataParallel,
    CheckpointFormat format,
    boolean stopsWhenSaved,
    int layers,
    int stagesPerRank) {
  static final int STEPS = 20;
  private static final int VOCABULARY = 101;
  static final MegatronBertConfig CONFIG = config(2);

  /** A run of one rank. */
  static ParallelRun ofOne(String backend) {
    return new ParallelRun(new ParallelPlan(1, 1, 1), backend);
  }

  ParallelRun(ParallelPlan plan, String backend) {
    this(
        plan,
        backend,
        false,
        DataParallelOptions.DEFAULT,
        CheckpointFormat.HUGGINGFACE,
        false,
        2,
        1);
  }

  ParallelRun withSequenceParallel(boolean value) {
    return new ParallelRun(
        plan, backend, value, dataParallel, format, stopsWhenSaved, layers, stagesPerRank);
  }

  ParallelRun with(DataParallelOptions value) {
    return new ParallelRun(
        plan, backend, sequenceParallel, value, format, stopsWhenSaved, layers, stagesPerRank);
  }

  ParallelRun with(CheckpointFormat value) {
    return new ParallelRun(
        plan,
        backend,
        sequenceParallel,
        dataParallel,
        value,
        stopsWhenSaved,
        layers,
        stagesPerRank);
  }

  ParallelRun thatStopsWhenSaved() {
    return new ParallelRun(
        plan, backend, sequenceParallel, dataParallel, format, true, layers, stagesPerRank);
  }

  /** With a model of more layers, divided into stages. */
  ParallelRun withLayers(int count, int perRank) {
    return new ParallelRun(
        plan, backend, sequenceParallel, dataParallel, format, stopsWhenSaved, count, perRank);
  }

  /** With all layers on every rank, whatever the plan says. */
  ParallelRun withWholeModel() {
    return withLayers(layers, 0);
  }

  private static MegatronBertConfig config(int layers) {
    return MegatronBertConfig.ofSizes(layers, 32, 4, 50, VOCABULARY, 32);
  }

  /** Random texts, of which every fifth token is to be told. */
  static final class Texts implements Dataset {
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
        tokens[i] = random.ints(3 + random.nextInt(20), 0, VOCABULARY).toArray();
        pairs[i] = random.nextInt(2);
        for (int t = 0; t < tokens[i].length; t++) {
          labels.add(t % 5 == 1 ? random.nextInt(VOCABULARY) : Labels.IGNORED);
        }
      }
      int[] words = labels.stream().mapToInt(Integer::intValue).toArray();
      return new Part(Batch.ofTokens(tokens), new Labels.OfPreTraining(words, pairs));
    }
  }

  static TrainingOptions options() {
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

  /** The first rank's steps of a run in a new folder. */
  List<MetricsLine.Step> train(Path output) throws InterruptedException {
    return train(output, false);
  }

  /** The first rank's steps of the rest of a run. */
  List<MetricsLine.Step> resume(Path output) throws InterruptedException {
    return train(output, true);
  }

  private List<MetricsLine.Step> train(Path output, boolean resume) throws InterruptedException {
    List<List<MetricsLine.Step>> all =
        ThreadRanks.call(plan.ranks(), world -> trainRank(world, output, resume));
    List<MetricsLine.Step> first = all.getFirst();
    for (List<MetricsLine.Step> lines : all) {
      assertEquals(first.size(), lines.size());
      for (int i = 0; i < first.size(); i++) {
        assertEquals(first.get(i).loss(), lines.get(i).loss(), "all ranks see one loss");
      }
    }
    return first;
  }

  private List<MetricsLine.Step> trainRank(Communicator world, Path output, boolean resume)
      throws IOException {
    ParallelGroups groups = plan.groups(world);
    Communicator tensor = plan.tensor() == 1 ? null : groups.tensor();
    LoadOptions load =
        LoadOptions.DEFAULT
            .withTensorParallel(tensor)
            .withSequenceParallel(sequenceParallel)
            .withPipelineParallel(
                stagesPerRank == 0 ? null : groups.pipeline(), Math.max(1, stagesPerRank));
    List<MetricsLine.Step> lines = new ArrayList<>();
    try (Backend computing = Backends.open(backend, BackendOptions.DEFAULT.withThreads(1));
        RandomCheckpoint weights = RandomCheckpoint.of(config(layers), ModelClass.PRE_TRAINING, 1);
        TrainableModel model = TrainableModel.load(weights, computing, load, spec -> false)) {
      Trainer running =
          new Trainer(model, new Texts(), options())
              .ranks(groups)
              .dataParallel(dataParallel)
              .checkpoints(format);
      Trainer trainer =
          running.listener(
              new TrainingListener() {
                @Override
                public void saved(Path checkpoint) {
                  if (stopsWhenSaved) {
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
}
