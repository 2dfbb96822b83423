// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.PreTrainingScores;
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
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A run of threads that train a small model on ragged random texts, with dropout. */
final class ParallelRun {
  static final int STEPS = 20;
  static final MegatronBertConfig CONFIG = config(2);
  private static final int VOCABULARY = 101;

  /** Opens the weights that a run begins with. */
  interface Weights {
    Checkpoint open() throws IOException;
  }

  private final ParallelPlan plan;
  private final String backend;
  private Precision precision = Precision.F32;
  private boolean sequenceParallel;
  private DataParallelOptions dataParallel = DataParallelOptions.DEFAULT;
  private CheckpointFormat format = CheckpointFormat.HUGGINGFACE;
  private boolean stopsWhenSaved;
  private boolean withoutRanks;
  private int mostSteps = STEPS;
  private Weights weights = random(CONFIG);
  private Texts texts = new Texts();

  /** Of a pipeline; 0 loads the whole model in spite of the plan. */
  private int stagesPerRank = 1;

  private @Nullable Path trace;
  private @Nullable Consumer<Map<String, Double>> evaluations;

  ParallelRun(ParallelPlan plan, String backend) {
    this.plan = plan;
    this.backend = backend;
  }

  private ParallelRun(ParallelPlan plan, ParallelRun like) {
    this(plan, like.backend);
    precision = like.precision;
    sequenceParallel = like.sequenceParallel;
    dataParallel = like.dataParallel;
    format = like.format;
    stopsWhenSaved = like.stopsWhenSaved;
    withoutRanks = like.withoutRanks;
    mostSteps = like.mostSteps;
    weights = like.weights;
    texts = like.texts;
    stagesPerRank = like.stagesPerRank;
    trace = like.trace;
    evaluations = like.evaluations;
  }

  /** A run of one rank. */
  static ParallelRun ofOne(String backend) {
    return new ParallelRun(new ParallelPlan(1, 1, 1), backend);
  }

  ParallelPlan plan() {
    return plan;
  }

  private ParallelRun with(Consumer<ParallelRun> change) {
    ParallelRun changed = new ParallelRun(plan, this);
    change.accept(changed);
    return changed;
  }

  /** The same by other ranks. */
  ParallelRun by(ParallelPlan other) {
    return new ParallelRun(other, this);
  }

  ParallelRun withPrecision(Precision value) {
    return with(run -> run.precision = value);
  }

  ParallelRun withSequenceParallel(boolean value) {
    return with(run -> run.sequenceParallel = value);
  }

  ParallelRun with(DataParallelOptions value) {
    return with(run -> run.dataParallel = value);
  }

  ParallelRun with(CheckpointFormat value) {
    return with(run -> run.format = value);
  }

  ParallelRun thatStopsWhenSaved() {
    return with(run -> run.stopsWhenSaved = true);
  }

  ParallelRun thatStopsAfter(int steps) {
    return with(run -> run.mostSteps = steps);
  }

  /** With a timeline of all ranks. */
  ParallelRun thatTraces(Path file) {
    return with(run -> run.trace = file);
  }

  /**
   * With an evaluation after each epoch, of three steps.
   *
   * @param metrics is given what each rank has found, by its thread
   */
  ParallelRun thatEvaluates(Consumer<Map<String, Double>> metrics) {
    return with(run -> run.evaluations = metrics);
  }

  /** With so many stages of a pipeline on each rank. */
  ParallelRun withStages(int perRank) {
    return with(run -> run.stagesPerRank = perRank);
  }

  /** With a model of more layers, divided into stages. */
  ParallelRun withLayers(int count, int perRank) {
    return with(run -> run.weights = random(config(count))).withStages(perRank);
  }

  /**
   * With another model.
   *
   * @param vocabulary its words
   */
  ParallelRun withModel(Weights model, int vocabulary) {
    return with(
        run -> {
          run.weights = model;
          run.texts = new Texts(vocabulary, 0);
        });
  }

  /** With texts of one length, for which a device compiles its kernels once. */
  ParallelRun withLength(int tokens) {
    return with(run -> run.texts = new Texts(VOCABULARY, tokens));
  }

  /** With all layers on every rank, whatever the plan says. */
  ParallelRun withWholeModel() {
    return withStages(0);
  }

  /** With a trainer that is told of no ranks. */
  ParallelRun withoutRanks() {
    return with(run -> run.withoutRanks = true);
  }

  static MegatronBertConfig config(int layers) {
    return MegatronBertConfig.ofSizes(layers, 32, 4, 50, VOCABULARY, 32);
  }

  static Weights random(MegatronBertConfig config) {
    return () -> RandomCheckpoint.of(config, ModelClass.PRE_TRAINING, 1);
  }

  /** Random texts, of which every fifth token is to be told. */
  static final class Texts implements Dataset {
    private final int vocabulary;

    /** Tokens of each text; 0 for 3 to 22. */
    private final int length;

    Texts() {
      this(VOCABULARY, 0);
    }

    private Texts(int vocabulary, int length) {
      this.vocabulary = vocabulary;
      this.length = length;
    }

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
        int count = length == 0 ? 3 + random.nextInt(20) : length;
        tokens[i] = random.ints(count, 0, vocabulary).toArray();
        pairs[i] = random.nextInt(2);
        for (int t = 0; t < tokens[i].length; t++) {
          labels.add(t % 5 == 1 ? random.nextInt(vocabulary) : Labels.IGNORED);
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

  /** How well a model fills masks and tells the order of sentences, on some texts. */
  private Map<String, Double> evaluate(MegatronBert evaluated) {
    Dataset.Part part = texts.batch(0, new int[] {3, 14, 15, 9});
    var labels = (Labels.OfPreTraining) part.labels();
    PreTrainingScores scores = new PreTrainingScores();
    scores.add(evaluated, part.batch(), labels.tokens(), labels.sequences());
    Map<String, Double> metrics =
        Map.of(
            "accuracy", scores.maskedAccuracy(),
            "masked_loss", scores.maskedLoss(),
            "order_loss", scores.sentenceOrderLoss());
    requireNonNull(evaluations).accept(metrics);
    return metrics;
  }

  /** This rank's steps of a run in a new folder. */
  List<MetricsLine.Step> train(Communicator world, Path output) throws IOException {
    return trainRank(world, output, false);
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
    BackendOptions computing =
        BackendOptions.DEFAULT
            .withThreads(1)
            .withPrecision(precision)
            .withDeviceOfRank(world.isOfThreads() ? 0 : world.rank());
    try (Backend opened = Backends.open(backend, computing);
        Checkpoint checkpoint = weights.open();
        TrainableModel model = TrainableModel.load(checkpoint, opened, load, spec -> false)) {
      Trainer running =
          new Trainer(model, texts, options())
              .dataParallel(dataParallel)
              .trace(trace)
              .checkpoints(format);
      if (!withoutRanks) {
        running.ranks(groups);
      }
      if (evaluations != null) {
        running.evaluator(this::evaluate, "accuracy", true);
      }
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
                  if (lines.size() == mostSteps) {
                    running.stop();
                  }
                }
              });
      TrainingResult _ = resume ? trainer.resume(output) : trainer.run(output);
    }
    return lines;
  }
}
