// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.peers;

import io.github.megabert.backend.Precision;
import io.github.megabert.model.ForwardCost;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * MegaBERT and ONNX Runtime side by side: MegatronBERT-345M, the same weights, inputs and number of
 * threads, one after the other in turns. Prints a table.
 *
 * <pre>Peers FOLDER [THREADS [PRECISION [CASE,...]]]</pre>
 *
 * FOLDER keeps the weights, 2.7 GB. PRECISION is ours; ONNX Runtime computes in float32. A CASE is
 * a first column of the table, such as 1x128; without any, all are measured.
 */
public final class Peers {
  /** Between two runs, so that the threads of the one before have stopped waiting for work. */
  private static final long PAUSE_MILLIS = 50;

  private static final double WARM_UP_SECONDS = 6;

  /** Turns of a case: as many as fit into {@link #CASE_SECONDS}, within these bounds. */
  private static final int FEWEST_ROUNDS = 3;

  private static final int MOST_ROUNDS = 21;
  private static final double CASE_SECONDS = 25;

  /** What is measured. */
  private enum Case {
    ONE_BY_16("1x16", 1, 16),
    ONE_BY_128("1x128", 1, 128),
    EIGHT_BY_128("8x128", 8, 128),
    ONE_BY_512("1x512", 1, 512),
    RAGGED("ragged", 16, 0);

    final String label;
    final int[] lengths;

    Case(String label, int batch, int length) {
      this.label = label;
      lengths = new int[batch];
      Arrays.fill(lengths, length);
      if (length == 0) {
        // 16 to 512 tokens, evenly spread
        for (int b = 0; b < batch; b++) {
          lengths[b] = 16 + b * (512 - 16) / (batch - 1);
        }
      }
    }

    int[][] sequences() {
      SplittableRandom random = new SplittableRandom(7);
      int[][] sequences = new int[lengths.length][];
      for (int b = 0; b < lengths.length; b++) {
        sequences[b] = random.ints(lengths[b], 0, SharedWeights.config().vocabSize()).toArray();
      }
      return sequences;
    }
  }

  private Peers() {}

  /** Measures. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path folder = Path.of(arguments.length > 0 ? arguments[0] : "benchmarks/target/peers");
    int threads =
        arguments.length > 1
            ? Integer.parseInt(arguments[1])
            : Runtime.getRuntime().availableProcessors();
    Precision precision = arguments.length > 2 ? Precision.valueOf(arguments[2]) : Precision.F32;
    List<Case> cases = cases(arguments.length > 3 ? arguments[3] : "");
    SharedWeights weights = SharedWeights.in(folder);

    long start = System.nanoTime();
    try (Engine ours = new MegaBertEngine(weights.checkpoint(), threads, precision)) {
      double ourLoad = seconds(start);
      start = System.nanoTime();
      try (Engine theirs = new OnnxRuntimeEngine(weights.graph(), threads)) {
        System.out.printf(
            Locale.ROOT,
            "MegatronBERT-345M, %d threads; load: %s %.1f s, %s %.1f s%n%n",
            threads,
            ours.name(),
            ourLoad,
            theirs.name(),
            seconds(start));
        System.out.printf(
            "| batch × length | %s | | %s | | faster | relative L2 | rounds |%n",
            ours.name(), theirs.name());
        System.out.println("|---|---|---|---|---|---|---|---|");
        for (Case shape : cases) {
          compare(shape, ours, theirs);
        }
      }
    }
  }

  private static List<Case> cases(String labels) {
    List<Case> all = List.of(Case.values());
    if (labels.isEmpty()) {
      return all;
    }
    Map<String, Case> byLabel = all.stream().collect(Collectors.toMap(c -> c.label, c -> c));
    return Arrays.stream(labels.split(","))
        .map(
            label -> {
              Case known = byLabel.get(label);
              if (known == null) {
                throw new IllegalArgumentException(
                    "there is no case " + label + ", only " + byLabel.keySet());
              }
              return known;
            })
        .toList();
  }

  private static void compare(Case shape, Engine ours, Engine theirs) throws InterruptedException {
    int[][] sequences = shape.sequences();
    warmUp(theirs, sequences);
    warmUp(ours, sequences);
    double difference = difference(ours.forward(sequences), theirs.forward(sequences));
    double turn = time(ours, sequences) + time(theirs, sequences);
    int rounds = (int) Math.clamp(CASE_SECONDS / turn, FEWEST_ROUNDS, MOST_ROUNDS);
    double[] ourTimes = new double[rounds];
    double[] theirTimes = new double[rounds];
    for (int round = 0; round < rounds; round++) {
      ourTimes[round] = time(ours, sequences);
      theirTimes[round] = time(theirs, sequences);
    }
    double operations = ForwardCost.operations(SharedWeights.config(), shape.lengths);
    double our = median(ourTimes);
    double their = median(theirTimes);
    System.out.printf(
        Locale.ROOT,
        "| %s | %.1f ms | %.0f GFLOP/s | %.1f ms | %.0f GFLOP/s | %.2f | %.1e | %d |%n",
        shape.label,
        1e3 * our,
        operations / our / 1e9,
        1e3 * their,
        operations / their / 1e9,
        their / our,
        difference,
        rounds);
  }

  private static void warmUp(Engine engine, int[][] sequences) {
    long start = System.nanoTime();
    do {
      engine.forward(sequences);
    } while (seconds(start) < WARM_UP_SECONDS);
  }

  private static double time(Engine engine, int[][] sequences) throws InterruptedException {
    Thread.sleep(PAUSE_MILLIS);
    long start = System.nanoTime();
    engine.forward(sequences);
    return seconds(start);
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private static double median(double[] times) {
    double[] sorted = times.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static double difference(float[] ours, float[] theirs) {
    if (ours.length != theirs.length) {
      throw new IllegalStateException(
          "the engines give " + ours.length + " and " + theirs.length + " numbers");
    }
    double error = 0;
    double norm = 0;
    for (int i = 0; i < ours.length; i++) {
      error += Math.pow((double) ours[i] - theirs[i], 2);
      norm += Math.pow(theirs[i], 2);
    }
    return Math.sqrt(error / norm);
  }
}
