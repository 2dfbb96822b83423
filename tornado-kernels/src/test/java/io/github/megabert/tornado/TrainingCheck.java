// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Precision;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.backend.Tape;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.Loss;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.model.Regularization;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.model.TrainableParameters.Block;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.MpiRanks;
import io.github.megabert.parallel.Pending;
import io.github.megabert.parallel.RankBody;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.parallel.ThreadRanks;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tornado.recording.Program;
import io.github.megabert.tornado.recording.Programs;
import io.github.megabert.tornado.recording.TaskCost;
import io.github.megabert.train.optim.AdamW;
import io.github.megabert.train.optim.AdamWOptions;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Times steps of training a masked language model on a device: both passes with dropout 0.1, and
 * AdamW with clipping; {@code bench/gpu.sh train} runs it beside PyTorch.
 *
 * <p>Arguments: {@code MODEL PRECISION SHAPE…}, the model {@code 345m}, the {@code demo}'s, or one
 * as deep as the first and {@code narrow}, shapes such as {@code 16x512} or {@code ragged}. With
 * {@code -Dcosts=true}, what each kind of task costs. Under {@code mpirun} each process has a
 * device, a copy of the model and a batch of its own, or with {@code -Dsame=true} the same batch,
 * whose losses are those of one; they sum their gradients.
 */
final class TrainingCheck {
  private static final double DROPOUT = 0.1;

  /** Every so manieth token is masked. */
  private static final int MASKED = 7;

  private static final int WARM_UP_STEPS = 5;
  private static final double SECONDS = Double.parseDouble(System.getProperty("seconds", "5"));
  private static final int MOST = 200;
  private static final boolean SAME = Boolean.getBoolean("same");

  private TrainingCheck() {}

  public static void main(String[] arguments) throws Exception {
    Precision precision = Precision.valueOf(arguments[1]);
    MegatronBertConfig config =
        switch (arguments[0]) {
          case "345m" -> MegatronBertConfig.ofSizes(24, 1024, 16, 4096, 29056, 512);
          case "demo" -> MegatronBertConfig.ofSizes(6, 256, 4, 1024, 8192, 512);
          case "narrow" -> MegatronBertConfig.ofSizes(24, 64, 1, 128, 1000, 512);
          default ->
              throw new IllegalArgumentException("345m, demo or narrow, not " + arguments[0]);
        };
    List<String> shapes = Arrays.asList(arguments).subList(2, arguments.length);
    RankBody body = world -> run(world, config, precision, shapes);
    if (MpiRanks.isLaunched()) {
      MpiRanks.run(body);
    } else {
      ThreadRanks.run(1, body);
    }
    // TornadoVM's threads do not end by themselves.
    System.exit(0);
  }

  private static void run(
      Communicator world, MegatronBertConfig config, Precision precision, List<String> shapes) {
    List<String> hosts = Ranks.gather(world, host());
    int before = Collections.frequency(hosts.subList(0, world.rank()), host());
    BackendOptions options =
        BackendOptions.DEFAULT.withPrecision(precision).withDeviceOfRank(before);
    try (TornadoBackend device = (TornadoBackend) new TornadoBackendProvider().open(options)) {
      for (String shape : shapes) {
        time(device, config, shape, world);
      }
    }
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "";
    }
  }

  private static void time(
      TornadoBackend device, MegatronBertConfig config, String shape, Communicator world) {
    boolean isFirst = world.rank() == 0;
    long begin = System.nanoTime();
    try (RandomCheckpoint weights = RandomCheckpoint.of(config, ModelClass.MASKED_LM, 1);
        TrainableModel model =
            TrainableModel.load(weights, device, LoadOptions.DEFAULT, spec -> false);
        AdamW optimizer =
            new AdamW(model.parameters(), AdamWOptions.DEFAULT.withLearningRate(1e-5))) {
      System.out.printf(
          Locale.ROOT,
          "rank %d: %s, loaded in %.1f s%n",
          world.rank(),
          device.device(),
          seconds(begin));
      int[] lengths = lengths(shape);
      double[] times = new double[MOST];
      double[] rest = new double[MOST];
      int count = 0;
      double firstLoss = 0;
      double firstSeconds = 0;
      double loss = 0;
      Programs.Made made = device.programs().made();
      long start = 0;
      for (int step = 0; count < MOST; step++) {
        Batch batch = batch(lengths, config.vocabSize(), SAME ? 0 : world.rank());
        Labels labels = labels(batch);
        long before = System.nanoTime();
        loss = forwardAndBackward(model, batch, labels, step, world);
        long between = System.nanoTime();
        double norm;
        try (Computation computation = device.begin()) {
          norm = optimizer.step(computation, 1);
          computation.finish();
        }
        double all = seconds(before) * 1e3;
        if (step == 0) {
          firstSeconds = all / 1e3;
          firstLoss = loss;
        }
        if (step < WARM_UP_STEPS) {
          System.out.printf(
              Locale.ROOT,
              "  rank %d, step %d: loss %.4f, gradient norm %.4f, passes %.1f ms, update %.1f ms, %s%n",
              world.rank(),
              step,
              loss,
              norm,
              (between - before) * 1e-6,
              seconds(between) * 1e3,
              device.programs().made());
          made = device.programs().made();
          start = System.nanoTime();
          continue;
        }
        times[count] = all;
        rest[count++] = seconds(between) * 1e3;
        boolean isEnough = seconds(start) > SECONDS && count >= 5;
        if (world.broadcastBytes(new byte[] {(byte) (isEnough ? 1 : 0)}, 0)[0] != 0) {
          break;
        }
      }
      if (!isFirst) {
        return;
      }
      double median = median(times, count);
      System.out.printf(
          Locale.ROOT,
          "%-4s %-8s %6d tokens  first %.1f s  median %.2f ms  least %.2f ms  update %.2f ms"
              + "  loss %.4f to %.4f  %.0f tokens/s%n",
          device.precision().optionName(),
          shape,
          Arrays.stream(lengths).sum(),
          firstSeconds,
          median,
          Arrays.stream(times, 0, count).min().orElse(0),
          median(rest, count),
          firstLoss,
          loss,
          Arrays.stream(lengths).sum() * world.size() / median * 1e3);
      if (!made.equals(device.programs().made())) {
        System.out.println("  made while steps were timed: " + device.programs().made());
      }
      if (Boolean.getBoolean("costs")) {
        costs(device);
      }
    }
  }

  private static void costs(TornadoBackend device) {
    for (Program program : device.programs().all()) {
      List<TaskCost> costs = device.programs().costs(program);
      System.out.printf(
          Locale.ROOT,
          "program of %d tasks, %.2f ms%n",
          costs.stream().mapToInt(TaskCost::count).sum(),
          costs.stream().mapToDouble(TaskCost::total).sum() * 1e-3);
      for (TaskCost cost : costs.subList(0, Math.min(40, costs.size()))) {
        System.out.printf(
            Locale.ROOT,
            "%9.3f ms = %4d × %8.2f µs  %s%n",
            cost.total() * 1e-3,
            cost.count(),
            cost.micros(),
            cost.kernel());
      }
    }
  }

  private static double forwardAndBackward(
      TrainableModel model, Batch batch, Labels labels, int step, Communicator world) {
    Regularization with = new Regularization(DROPOUT, DROPOUT, 0, 0, step, step, 0, 0, 0);
    double value;
    try (Tape tape = new Tape(model.parameters().backend().begin(), model.parameters(), false)) {
      model.parameters().clearGradients(tape);
      Loss loss = model.model().loss(tape, batch, labels, with);
      loss.backward(tape, 1.0 / world.size());
      value = loss.read(tape);
    }
    if (world.size() > 1) {
      sumGradients(model, world);
    }
    return value;
  }

  private static void sumGradients(TrainableModel model, Communicator world) {
    try (Computation computation = model.parameters().backend().begin()) {
      List<Pending> sums = new ArrayList<>();
      for (Block block : model.parameters().blocks().reversed()) {
        ResidentMatrix gradient = block.gradient();
        if (gradient != null) {
          sums.add(computation.startAllReduce(world, gradient));
        }
      }
      sums.forEach(Pending::await);
      computation.finish();
    }
  }

  private static double median(double[] values, int count) {
    double[] sorted = Arrays.copyOf(values, count);
    Arrays.sort(sorted);
    return sorted[count / 2];
  }

  private static int[] lengths(String shape) {
    if (shape.equals("ragged")) {
      // 32 sequences of 16 to 512 tokens, 8448 in all, in mixed order.
      int[] lengths = new int[32];
      for (int i = 0; i < 32; i++) {
        lengths[i] = 16 + (i * 13 % 32) * 16;
      }
      return lengths;
    }
    String[] parts = shape.split("x", -1);
    int[] lengths = new int[Integer.parseInt(parts[0])];
    Arrays.fill(lengths, Integer.parseInt(parts[1]));
    return lengths;
  }

  private static Batch batch(int[] lengths, int vocabulary, int rank) {
    Random random = new Random(lengths.length + 1_000L * rank);
    int[][] sequences = new int[lengths.length][];
    for (int i = 0; i < lengths.length; i++) {
      sequences[i] = random.ints(lengths[i], 0, vocabulary).toArray();
    }
    return Batch.ofTokens(sequences);
  }

  private static Labels labels(Batch batch) {
    int[] classes = new int[batch.tokens()];
    Arrays.fill(classes, Labels.IGNORED);
    for (int i = 0; i < classes.length; i += MASKED) {
      classes[i] = i % 1000;
    }
    return new Labels.OfTokens(classes);
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }
}
