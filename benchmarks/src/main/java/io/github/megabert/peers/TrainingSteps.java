// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.peers;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Tape;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.Loss;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.model.Regularization;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.train.optim.AdamW;
import io.github.megabert.train.optim.AdamWOptions;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Times steps of training a sequence classifier: forward and backward pass with dropout 0.1, AdamW
 * with clipping, float32. {@code training.py} beside the benchmarks' POM does the same in PyTorch.
 *
 * <pre>TrainingSteps [THREADS [CASE,...]]</pre>
 *
 * A CASE is {@code mini-ragged}, {@code mini-16x128}, {@code 345m-8x128} or {@code
 * 345m-8x128-recompute}. The ragged batch has 64 texts of 5 to 60 tokens, 19 on average, as
 * definitions of a dictionary have.
 */
public final class TrainingSteps {
  private static final double DROPOUT = 0.1;
  private static final double SECONDS = 20;
  private static final int FEWEST = 5;
  private static final int MOST = 200;

  private TrainingSteps() {}

  /** Measures. */
  public static void main(String[] arguments) {
    int threads =
        arguments.length > 0
            ? Integer.parseInt(arguments[0])
            : Runtime.getRuntime().availableProcessors();
    String cases = arguments.length > 1 ? arguments[1] : "mini-ragged,mini-16x128,345m-8x128";
    for (String name : cases.split(",", -1)) {
      double[] times = measure(name, threads);
      Arrays.sort(times);
      System.out.printf(
          Locale.ROOT,
          "%s, %d threads: median %.1f ms, least %.1f ms of %d steps%n",
          name,
          threads,
          times[times.length / 2],
          times[0],
          times.length);
    }
  }

  private static double[] measure(String name, int threads) {
    boolean isMini = name.startsWith("mini");
    MegatronBertConfig config =
        isMini
            ? MegatronBertConfig.ofSizes(6, 256, 4, 1024, 8192, 128)
            : MegatronBertConfig.ofSizes(24, 1024, 16, 4096, 29056, 512);
    int[] lengths = new int[name.contains("ragged") ? 64 : isMini ? 16 : 8];
    Arrays.fill(lengths, 128);
    for (int b = 0; name.contains("ragged") && b < lengths.length; b++) {
      double u = (b * 37 + 11) % 64 / 64.0;
      lengths[b] = 5 + (int) (55 * u * u * u);
    }
    BackendOptions options = BackendOptions.DEFAULT.withThreads(threads);
    try (Backend backend = Backends.open(Backends.VECTOR, options);
        RandomCheckpoint weights =
            RandomCheckpoint.of(config, ModelClass.SEQUENCE_CLASSIFICATION, 1);
        TrainableModel model =
            TrainableModel.load(weights, backend, LoadOptions.DEFAULT, spec -> false);
        AdamW optimizer = new AdamW(model.parameters(), AdamWOptions.DEFAULT)) {
      Batch batch = batch(lengths, config.vocabSize());
      Labels labels = new Labels.OfSequences(new int[lengths.length]);
      boolean recompute = name.endsWith("recompute");
      double[] times = new double[MOST];
      int count = 0;
      int warmUp = isMini ? 20 : 2;
      long begin = System.nanoTime();
      for (int step = 0; count < MOST; step++) {
        long start = System.nanoTime();
        step(model, optimizer, batch, labels, step, recompute);
        double millis = (System.nanoTime() - start) * 1e-6;
        if (step >= warmUp) {
          times[count++] = millis;
        } else {
          begin = System.nanoTime();
        }
        if (count >= FEWEST && (System.nanoTime() - begin) * 1e-9 > SECONDS) {
          break;
        }
      }
      return Arrays.copyOf(times, count);
    }
  }

  private static void step(
      TrainableModel model,
      AdamW optimizer,
      Batch batch,
      Labels labels,
      int step,
      boolean recompute) {
    Backend backend = model.parameters().backend();
    Regularization with = new Regularization(DROPOUT, DROPOUT, DROPOUT, 0, 1, step, 0, 0, 0);
    try (Tape tape = new Tape(backend.begin(), model.parameters(), recompute)) {
      model.parameters().clearGradients(tape);
      Loss loss = model.model().loss(tape, batch, labels, with);
      loss.read(tape);
      loss.backward(tape, 1);
      tape.finish();
    }
    try (Computation computation = backend.begin()) {
      optimizer.step(computation, 1);
      computation.finish();
    }
  }

  private static Batch batch(int[] lengths, int vocabulary) {
    SplittableRandom random = new SplittableRandom(7);
    int[][] sequences = new int[lengths.length][];
    for (int b = 0; b < lengths.length; b++) {
      sequences[b] = random.ints(lengths[b], 0, vocabulary).toArray();
    }
    return Batch.ofTokens(sequences);
  }
}
