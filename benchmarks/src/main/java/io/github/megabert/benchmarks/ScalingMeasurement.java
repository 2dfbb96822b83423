// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.MpiRanks;
import io.github.megabert.parallel.ParallelGroups;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.parameters.ParameterSpec.Kind;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.Trainer;
import io.github.megabert.train.TrainingListener;
import io.github.megabert.train.TrainingOptions;
import io.github.megabert.train.log.MetricsLine;
import io.github.megabert.train.optim.AdamWOptions;
import io.github.megabert.train.optim.Schedule;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Times steps of a masked language model of several ranks, threads of this process or those of
 * {@code mpirun}, with the same weights and texts whatever the ranks: so losses can be compared.
 *
 * <pre>ScalingMeasurement SECONDS STEPS SEQUENCES RUN...</pre>
 *
 * A RUN is {@code T,P,D,V,passes,threads,layers,hidden,heads}: ranks that share layers, stages,
 * copies of the model, stages a rank, passes of a step in all, threads of a rank, and the model. A
 * pass has SEQUENCES of 128 tokens. The first step of a run is not counted; no run begins after
 * SECONDS.
 */
public final class ScalingMeasurement {
  private static final int TOKENS = 128;
  private static final int VOCABULARY = 29_056;
  private static final double MASKED = 0.15;

  private ScalingMeasurement() {}

  /** What is measured. */
  private record Run(
      ParallelPlan plan, int chunks, int passes, int threads, MegatronBertConfig config) {
    static Run of(String text) {
      int[] n = Arrays.stream(text.split(",", -1)).mapToInt(Integer::parseInt).toArray();
      return new Run(
          new ParallelPlan(n[0], n[1], n[2]),
          n[3],
          n[4],
          n[5],
          MegatronBertConfig.ofSizes(n[6], n[7], n[8], 4 * n[7], VOCABULARY, 512));
    }
  }

  /** Ends a run without its checkpoint. */
  private static final class Enough extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** Measures. */
  public static void main(String[] arguments) throws Exception {
    long end = System.nanoTime() + Long.parseLong(arguments[0]) * 1_000_000_000;
    int steps = Integer.parseInt(arguments[1]);
    int sequences = Integer.parseInt(arguments[2]);
    for (String text : Arrays.copyOfRange(arguments, 3, arguments.length)) {
      Run run = Run.of(text);
      if (MpiRanks.isLaunched()) {
        MpiRanks.run(world -> measure(run, steps, sequences, world));
        return;
      }
      if (System.nanoTime() > end) {
        System.out.println(text + ": no time left");
        continue;
      }
      ThreadRanks.run(run.plan.ranks(), world -> measure(run, steps, sequences, world));
    }
  }

  private static void measure(Run run, int steps, int sequences, Communicator world)
      throws IOException {
    ParallelGroups groups = run.plan.groups(world);
    Communicator tensor = run.plan.tensor() == 1 ? null : groups.tensor();
    LoadOptions load =
        LoadOptions.ofClass(ModelClass.MASKED_LM)
            .withTensorParallel(tensor)
            .withPipelineParallel(groups.pipeline(), run.chunks);
    TrainingOptions options =
        new TrainingOptions(
            /* epochs= */ 1,
            /* maxSteps= */ steps,
            /* batchSize= */ sequences,
            /* accumulate= */ run.passes,
            AdamWOptions.DEFAULT,
            Schedule.Decay.CONSTANT,
            /* warmupSteps= */ 0,
            /* warmupRatio= */ 0,
            /* dropout= */ OptionalDouble.of(0.1),
            /* labelSmoothing= */ 0,
            /* recompute= */ false,
            /* seed= */ 1,
            /* shuffle= */ false,
            /* evaluateEvery= */ 0,
            /* saveEvery= */ 0,
            /* earlyStopping= */ 0,
            /* keep= */ 1);
    List<Double> losses = new ArrayList<>();
    List<Double> seconds = new ArrayList<>();
    Path folder =
        Path.of(System.getProperty("java.io.tmpdir"), "scaling-" + ProcessHandle.current().pid());
    try (Backend backend =
            Backends.open(Backends.VECTOR, BackendOptions.DEFAULT.withThreads(run.threads));
        Checkpoint weights = Checkpoint.of(run.config.toMap(), new Repeated(run.config));
        TrainableModel model = TrainableModel.load(weights, backend, load, spec -> false)) {
      byte[] name = world.broadcastBytes(folder.toString().getBytes(StandardCharsets.UTF_8), 0);
      Path output = Path.of(new String(name, StandardCharsets.UTF_8));
      long[] last = {System.nanoTime()};
      new Trainer(model, new Texts(steps * run.passes * sequences), options)
          .ranks(groups)
          .listener(
              new TrainingListener() {
                @Override
                public void stepped(MetricsLine.Step step) {
                  long now = System.nanoTime();
                  seconds.add((now - last[0]) * 1e-9);
                  last[0] = now;
                  losses.add(step.loss());
                  if (losses.size() == steps) {
                    world.barrier();
                    throw new Enough();
                  }
                }
              })
          .run(output);
      throw new IllegalStateException("the run ended by itself");
    } catch (Enough done) {
      world.barrier();
    }
    if (world.rank() == 0) {
      report(run, sequences, losses, seconds);
      delete(folder);
    }
    world.barrier();
  }

  private static void report(Run run, int sequences, List<Double> losses, List<Double> seconds) {
    double[] counted = seconds.stream().skip(1).mapToDouble(Double::doubleValue).sorted().toArray();
    double median = counted[counted.length / 2];
    System.out.printf(
        Locale.ROOT,
        "%s, %d stages a rank, %d passes of %d x %d, %d threads a rank, %.2f billion: %.3f s a step"
            + " (%.3f to %.3f of %d), %.0f tokens/s, losses %s%n",
        run.plan,
        run.chunks,
        run.passes,
        sequences,
        TOKENS,
        run.threads,
        Repeated.parameters(run.config) * 1e-9,
        median,
        counted[0],
        counted[counted.length - 1],
        counted.length,
        run.passes * sequences * TOKENS / median,
        losses);
  }

  private static void delete(Path folder) throws IOException {
    Files.deleteIfExists(folder.resolve("metrics.jsonl"));
    Files.deleteIfExists(folder.resolve("checkpoints"));
    Files.deleteIfExists(folder);
  }

  /** Random texts, of which some words are to be told. */
  private record Texts(int size) implements Dataset {
    @Override
    public Part batch(int epoch, int[] examples) {
      int[][] tokens = new int[examples.length][];
      int[] labels = new int[examples.length * TOKENS];
      for (int i = 0; i < examples.length; i++) {
        SplittableRandom random = new SplittableRandom(examples[i]);
        tokens[i] = random.ints(TOKENS, 0, VOCABULARY).toArray();
        for (int t = 0; t < TOKENS; t++) {
          labels[i * TOKENS + t] =
              random.nextDouble() < MASKED ? random.nextInt(VOCABULARY) : Labels.IGNORED;
        }
      }
      return new Part(Batch.ofTokens(tokens), new Labels.OfTokens(labels));
    }
  }

  /** Weights that cost no time: every tensor begins with the same random numbers. */
  private static final class Repeated implements NamedTensors {
    private static final double RANGE = 0.07;
    private final Map<String, ParameterSpec> specs = new TreeMap<>();
    private final Arena arena = Arena.ofShared();
    private final Tensor numbers;

    Repeated(MegatronBertConfig config) {
      ParameterTable table = ParameterTable.of(config.sizes(), ModelClass.MASKED_LM);
      table.names().forEach(name -> specs.put(name, table.get(name)));
      long most =
          specs.values().stream().mapToLong(spec -> spec.shape().elements()).max().orElse(1);
      numbers = Tensor.allocate(arena, DType.F32, Shape.of(most));
      SplittableRandom random = new SplittableRandom(1);
      for (long i = 0; i < most; i++) {
        numbers.setFloat(i, (float) ((random.nextDouble() - 0.5) * RANGE));
      }
    }

    static long parameters(MegatronBertConfig config) {
      ParameterTable table = ParameterTable.of(config.sizes(), ModelClass.MASKED_LM);
      return table.names().stream().mapToLong(name -> table.get(name).shape().elements()).sum();
    }

    @Override
    public String source() {
      return "repeated random numbers";
    }

    @Override
    public Set<String> names() {
      return specs.keySet();
    }

    @Override
    public DType dtype(String name) {
      return DType.F32;
    }

    @Override
    public Shape shape(String name) {
      return specs.get(name).shape();
    }

    @Override
    public Tensor tensor(String name) {
      ParameterSpec spec = specs.get(name);
      if (spec.shape().rank() == 1) {
        Tensor vector = Tensor.allocate(arena, DType.F32, spec.shape());
        for (long i = 0; spec.kind() == Kind.NORM_WEIGHT && i < vector.elements(); i++) {
          vector.setFloat(i, 1);
        }
        return vector;
      }
      return Tensor.wrap(
          numbers.segment().asSlice(0, spec.shape().elements() * Float.BYTES),
          DType.F32,
          spec.shape());
    }

    @Override
    public void close() {
      arena.close();
    }
  }
}
