// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Tape;
import io.github.megabert.model.Labels;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.Loss;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.PipelinePasses;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.model.Regularization;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.parallel.Partition;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.parallel.Timeline;
import io.github.megabert.parallel.Traffic;
import io.github.megabert.parallel.Traffic.Count;
import io.github.megabert.parallel.Traffic.Operation;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.log.MetricsLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What ranks send each other is counted, and is what Shoeybi et al. 2019, Narayanan et al. 2021 and
 * Korthikanti et al. 2022 say. {@code docs/parallelism.md} has the table.
 */
class MessageTableTest {
  private static final int TENSOR = 2;
  private static final int HIDDEN = 32;

  @TempDir private Path folder;

  /** When something is sent. */
  private enum When {
    FORWARD("forward"),
    BACKWARD("backward"),
    STEP("once a step");

    private final String word;

    When(String word) {
      this.word = word;
    }
  }

  /** A quantity of numbers. */
  private enum Unit {
    TOKENS("b·s·h"),
    SHARE("b·s·h / T"),
    LABELS("r·h"),
    STATISTICS("4·T·r"),
    VECTOR("h"),
    PARAMETERS("N in all");

    private final String formula;

    Unit(String formula) {
      this.formula = formula;
    }
  }

  /** What is sent, of one layer or of something that a model has once. */
  private record Message(
      String part, boolean isOfLayer, When when, Operation operation, int calls, Unit unit) {
    private static Message ofLayer(String part, When when, Operation operation, int calls, Unit u) {
      return new Message(part, true, when, operation, calls, u);
    }

    private static Message once(String part, When when, Operation operation, int calls, Unit u) {
      return new Message(part, false, when, operation, calls, u);
    }

    String line(String ranks) {
      String where = isOfLayer ? "a layer" + part : part;
      String messages = calls + " " + operation + (calls == 1 ? "" : "s");
      return "| %s | %s | %s | %s%s | %s |"
          .formatted(
              ranks,
              where,
              when.word,
              messages,
              unit == Unit.PARAMETERS ? " a matrix" : "",
              unit.formula);
    }
  }

  private static final List<Message> TENSOR_PARALLEL =
      List.of(
          Message.ofLayer("", When.FORWARD, Operation.ALL_REDUCE, 2, Unit.TOKENS),
          Message.ofLayer("", When.BACKWARD, Operation.ALL_REDUCE, 2, Unit.TOKENS),
          Message.once("embeddings", When.FORWARD, Operation.ALL_REDUCE, 1, Unit.TOKENS),
          Message.once("decoder", When.BACKWARD, Operation.ALL_REDUCE, 1, Unit.LABELS),
          Message.once("loss", When.FORWARD, Operation.ALL_GATHER, 1, Unit.STATISTICS));

  private static final List<Message> SEQUENCE_PARALLEL =
      List.of(
          Message.ofLayer("", When.FORWARD, Operation.ALL_GATHER, 2, Unit.TOKENS),
          Message.ofLayer("", When.FORWARD, Operation.REDUCE_SCATTER, 2, Unit.TOKENS),
          Message.ofLayer("", When.BACKWARD, Operation.ALL_GATHER, 2, Unit.TOKENS),
          Message.ofLayer("", When.BACKWARD, Operation.REDUCE_SCATTER, 2, Unit.TOKENS),
          Message.ofLayer(
              ", what is not kept whole", When.BACKWARD, Operation.ALL_GATHER, 2, Unit.TOKENS),
          Message.ofLayer(", LayerNorms", When.STEP, Operation.ALL_REDUCE, 4, Unit.VECTOR),
          Message.once("embeddings", When.FORWARD, Operation.REDUCE_SCATTER, 1, Unit.TOKENS),
          Message.once("embeddings", When.BACKWARD, Operation.ALL_GATHER, 1, Unit.TOKENS),
          Message.once("closing LayerNorm", When.FORWARD, Operation.ALL_GATHER, 1, Unit.TOKENS),
          Message.once("closing LayerNorm", When.STEP, Operation.ALL_REDUCE, 2, Unit.VECTOR),
          Message.once("decoder", When.BACKWARD, Operation.ALL_REDUCE, 1, Unit.LABELS),
          Message.once("loss", When.FORWARD, Operation.ALL_GATHER, 1, Unit.STATISTICS));

  private static final List<Message> STAGES =
      List.of(
          Message.once("a stage", When.FORWARD, Operation.SEND, 1, Unit.TOKENS),
          Message.once("a stage", When.BACKWARD, Operation.SEND, 1, Unit.TOKENS));

  /**
   * A T-th of the hidden states a rank, gathered behind the link (Narayanan et al., section 4.1).
   */
  private static final List<Message> SCATTERED_STAGES =
      List.of(
          Message.once("a stage", When.FORWARD, Operation.SEND, 1, Unit.SHARE),
          Message.once("a stage", When.BACKWARD, Operation.SEND, 1, Unit.SHARE),
          Message.once("what a stage gets", When.FORWARD, Operation.ALL_GATHER, 1, Unit.TOKENS),
          Message.once("what a stage gets", When.BACKWARD, Operation.ALL_GATHER, 1, Unit.TOKENS));

  private static final List<Message> DIVIDED_STAGES =
      List.of(
          Message.once("a stage", When.FORWARD, Operation.SEND, 1, Unit.SHARE),
          Message.once("a stage", When.BACKWARD, Operation.SEND, 1, Unit.SHARE));

  private static final List<Message> COPIES =
      List.of(Message.once("gradients", When.STEP, Operation.ALL_REDUCE, 1, Unit.PARAMETERS));

  private static final List<Message> CUT_STATE =
      List.of(
          Message.once("gradients", When.STEP, Operation.REDUCE_SCATTER, 1, Unit.PARAMETERS),
          Message.once("parameters", When.STEP, Operation.ALL_GATHER, 1, Unit.PARAMETERS));

  @Test
  void ranksSendWhatThePapersSay() throws Exception {
    for (int layers : new int[] {1, 3}) {
      assertTensorParallel(TENSOR_PARALLEL, layers, false);
      assertTensorParallel(SEQUENCE_PARALLEL, layers, true);
    }
    assertCopies(COPIES, DataParallelOptions.DEFAULT);
    assertCopies(CUT_STATE, DataParallelOptions.DEFAULT.withDistributedOptimizer(true));
  }

  /** 1F1B, and interleaved: V times as many messages (Narayanan et al. 2021, section 2.2.2). */
  @ParameterizedTest
  @CsvSource({
    // tensor, pipeline, stages a rank, sequence parallel
    "1, 2, 1, false",
    "1, 3, 1, false",
    "1, 3, 2, false",
    "2, 2, 1, false",
    "2, 2, 2, true"
  })
  void stagesSendWhatThePaperSays(int tensor, int pipeline, int perRank, boolean sequenceParallel)
      throws Exception {
    List<Message> messages =
        tensor == 1 ? STAGES : sequenceParallel ? DIVIDED_STAGES : SCATTERED_STAGES;
    ParallelPlan plan = new ParallelPlan(tensor, pipeline, 1);
    ThreadRanks.run(
        plan.ranks(),
        world -> {
          ParallelGroups groups = plan.groups(world);
          LoadOptions load =
              LoadOptions.DEFAULT
                  .withTensorParallel(tensor == 1 ? null : groups.tensor())
                  .withSequenceParallel(sequenceParallel)
                  .withPipelineParallel(groups.pipeline(), perRank);
          try (Backend backend = Backends.open("scalar", BackendOptions.DEFAULT);
              RandomCheckpoint weights =
                  RandomCheckpoint.of(ParallelRun.config(6), ModelClass.PRE_TRAINING, 1);
              TrainableModel model = TrainableModel.load(weights, backend, load, spec -> false)) {
            assertStages(messages, perRank, groups, model);
          }
        });
  }

  private static void assertStages(
      List<Message> messages, int perRank, ParallelGroups groups, TrainableModel model) {
    List<PipelinePasses.MicroBatch> passes = new ArrayList<>();
    int ranks = groups.plan().tensor();
    long tokens = 0;
    long own = 0;
    for (int i = 0; i < 4; i++) {
      Dataset.Part part = new ParallelRun.Texts().batch(0, new int[] {2 * i, 2 * i + 1});
      passes.add(new PipelinePasses.MicroBatch(part.batch(), part.labels(), Regularization.NONE));
      tokens += part.batch().tokens();
      own += Partition.even(part.batch().tokens(), ranks).count(groups.tensor().rank());
    }
    Traffic sent = groups.pipeline().traffic();
    Traffic shared = groups.tensor().traffic();
    double loss =
        new PipelinePasses(model, Timeline.OFF)
            .addGradients(passes, 1, false, (computation, gradient) -> {});
    assertTrue(loss > 0);
    sent = groups.pipeline().traffic().since(sent);
    shared = groups.tensor().traffic().since(shared);
    int rank = groups.pipeline().rank();
    // All stages but the last send forward and receive backward; all but the first the other way.
    long withNext = rank == groups.plan().pipeline() - 1 ? perRank - 1 : perRank;
    long withPrevious = rank == 0 ? perRank - 1 : perRank;
    Map<Unit, Long> numbers = Map.of(Unit.TOKENS, tokens * HIDDEN, Unit.SHARE, own * HIDDEN);
    long sends = 0;
    long bytes = 0;
    long gathered = 0;
    for (Message message : messages) {
      boolean goesOn = message.when == When.FORWARD;
      long size = numbers.getOrDefault(message.unit, 0L) * Float.BYTES;
      if (message.operation == Operation.SEND) {
        long links = goesOn ? withNext : withPrevious;
        sends += links * passes.size();
        bytes += links * size;
      } else {
        gathered += (goesOn ? withPrevious : withNext) * size;
      }
    }
    assertEquals(sends, sent.calls(Operation.SEND));
    assertEquals(bytes, sent.bytes(Operation.SEND));
    assertEquals(sends, sent.calls(Operation.RECEIVE));
    assertEquals(bytes, sent.bytes(Operation.RECEIVE));
    boolean hasLoss = rank == groups.plan().pipeline() - 1;
    if (!messages.equals(DIVIDED_STAGES) && !hasLoss) {
      assertEquals(gathered, shared.bytes(Operation.ALL_GATHER));
    }
  }

  @Test
  void theDocumentationHasTheTable() throws IOException {
    List<String> table = new ArrayList<>();
    table.add("| ranks | of | when | messages | numbers of each |");
    table.add("|---|---|---|---|---|");
    TENSOR_PARALLEL.forEach(message -> table.add(message.line("tensor")));
    SEQUENCE_PARALLEL.forEach(message -> table.add(message.line("tensor and sequence")));
    STAGES.forEach(message -> table.add(message.line("pipeline")));
    SCATTERED_STAGES.forEach(message -> table.add(message.line("tensor and pipeline")));
    DIVIDED_STAGES.forEach(message -> table.add(message.line("tensor, sequence, pipeline")));
    COPIES.forEach(message -> table.add(message.line("data")));
    CUT_STATE.forEach(message -> table.add(message.line("data, distributed optimizer")));
    String text = String.join("\n", table) + "\n";
    System.out.println(text);
    String page = Files.readString(Path.of("..", "docs", "parallelism.md"));
    assertTrue(page.contains(text), "docs/parallelism.md should have this table:\n" + text);
  }

  private static void assertTensorParallel(
      List<Message> messages, int layers, boolean sequenceParallel) throws InterruptedException {
    MegatronBertConfig config = MegatronBertConfig.ofSizes(layers, HIDDEN, 4, 50, 101, 32);
    LoadOptions load = LoadOptions.DEFAULT.withSequenceParallel(sequenceParallel);
    ThreadRanks.run(
        TENSOR,
        world -> {
          try (Backend backend = Backends.open("scalar", BackendOptions.DEFAULT);
              RandomCheckpoint weights = RandomCheckpoint.of(config, ModelClass.PRE_TRAINING, 1);
              TrainableModel model =
                  TrainableModel.load(
                      weights, backend, load.withTensorParallel(world), spec -> false)) {
            assertPass(messages, layers, world, backend, model);
          }
        });
  }

  private static void assertPass(
      List<Message> messages,
      int layers,
      Communicator world,
      Backend backend,
      TrainableModel model) {
    Dataset.Part part = new ParallelRun.Texts().batch(0, new int[] {0, 1, 2});
    Labels.OfPreTraining labels = (Labels.OfPreTraining) part.labels();
    long rows = Arrays.stream(labels.tokens()).filter(word -> word != Labels.IGNORED).count();
    Map<Unit, Long> numbers =
        Map.of(
            Unit.TOKENS, (long) part.batch().tokens() * HIDDEN,
            Unit.LABELS, rows * HIDDEN,
            Unit.STATISTICS, 4 * TENSOR * rows,
            Unit.VECTOR, (long) HIDDEN);
    Traffic start = world.traffic();
    Traffic read;
    try (Tape tape = new Tape(backend.begin(), model.parameters(), false)) {
      Loss loss = model.model().loss(tape, part.batch(), labels, Regularization.NONE);
      read = world.traffic();
      assertEquals(expected(messages, When.FORWARD, layers, numbers), read.since(start));
      loss.backward(tape, 1);
      tape.finish();
    }
    Traffic walked = world.traffic();
    assertEquals(expected(messages, When.BACKWARD, layers, numbers), walked.since(read));
    try (Computation computation = backend.begin()) {
      model.parameters().sumShared(computation);
      computation.finish();
    }
    assertEquals(expected(messages, When.STEP, layers, numbers), world.traffic().since(walked));
  }

  private static Traffic expected(
      List<Message> messages, When when, int layers, Map<Unit, Long> numbers) {
    Map<Operation, Count> counts = new EnumMap<>(Operation.class);
    for (Message message : messages) {
      if (message.when == when) {
        long calls = (long) message.calls * (message.isOfLayer ? layers : 1);
        long bytes = calls * numbers.getOrDefault(message.unit, 0L) * Float.BYTES;
        counts.merge(
            message.operation,
            new Count(calls, bytes),
            (a, b) -> new Count(a.calls() + b.calls(), a.bytes() + b.bytes()));
      }
    }
    return new Traffic(counts);
  }

  /** One step of two copies: what comes between the ends of the first and the second one. */
  private void assertCopies(List<Message> messages, DataParallelOptions options)
      throws InterruptedException {
    Path output = folder.resolve(messages.getFirst().operation.name());
    ThreadRanks.run(
        2,
        world -> {
          ParallelGroups groups = new ParallelPlan(1, 1, 2).groups(world);
          List<Traffic> ends = new ArrayList<>();
          try (Backend backend = Backends.open("scalar", BackendOptions.DEFAULT);
              RandomCheckpoint weights =
                  RandomCheckpoint.of(ParallelRun.CONFIG, ModelClass.PRE_TRAINING, 1);
              TrainableModel model =
                  TrainableModel.load(weights, backend, LoadOptions.DEFAULT, spec -> false)) {
            Trainer trainer =
                new Trainer(model, new ParallelRun.Texts(), ParallelRun.options())
                    .ranks(groups)
                    .dataParallel(options);
            trainer.listener(
                new TrainingListener() {
                  @Override
                  public void stepped(MetricsLine.Step step) {
                    ends.add(groups.data().traffic());
                    if (ends.size() == 2) {
                      trainer.stop();
                    }
                  }
                });
            assertEquals(2, trainer.run(output).steps());
            assertStep(messages, model, ends.getLast().since(ends.getFirst()));
          }
        });
  }

  private static void assertStep(List<Message> messages, TrainableModel model, Traffic step) {
    long numbers =
        model.parameters().parameters().stream().mapToLong(p -> p.shape().elements()).sum();
    long blocks = model.parameters().blocks().size();
    Map<Operation, Count> counts = new EnumMap<>(Operation.class);
    counts.put(
        Operation.BYTES, new Count(step.calls(Operation.BYTES), step.bytes(Operation.BYTES)));
    for (Message message : messages) {
      counts.put(message.operation, new Count(blocks, numbers * Float.BYTES));
    }
    assertEquals(new Traffic(counts), step);
  }
}
