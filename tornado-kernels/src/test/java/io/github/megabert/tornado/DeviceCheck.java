// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Precision;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.MegatronBertForMaskedLM;
import io.github.megabert.model.MegatronBertForSequenceClassification;
import io.github.megabert.model.MegatronBertModel;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.tornado.recording.HostClock;
import io.github.megabert.tornado.recording.Programs;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Checks a device against the scalar backend and times the 345M model on it; {@code bench/gpu.sh}
 * runs it beside PyTorch.
 *
 * <p>Arguments: {@code errors PRECISION…}, {@code mini FOLDER VALIDATION PRECISION…}, {@code soak
 * PRECISION CALLS} or {@code times PRECISION SHAPE…} with shapes such as {@code 32x512} or {@code
 * ragged}.
 */
final class DeviceCheck {
  /** Calls after which the methods that a call passes once are compiled. */
  private static final int WARM_UP_CALLS = 400;

  private static final int VOCABULARY = 29056;

  private DeviceCheck() {}

  public static void main(String[] arguments) throws IOException {
    List<String> rest = Arrays.asList(arguments).subList(1, arguments.length);
    switch (arguments[0]) {
      case "errors" -> rest.forEach(p -> errors(Precision.valueOf(p)));
      case "mini" -> {
        for (String precision : rest.subList(2, rest.size())) {
          mini(Path.of(rest.get(0)), Path.of(rest.get(1)), Precision.valueOf(precision));
        }
      }
      case "soak" -> soak(Precision.valueOf(rest.get(0)), Integer.parseInt(rest.get(1)));
      case "times" -> times(Precision.valueOf(rest.getFirst()), rest.subList(1, rest.size()));
      default ->
          throw new IllegalArgumentException("errors, mini, soak or times, not " + arguments[0]);
    }
    // TornadoVM's threads do not end by themselves.
    System.exit(0);
  }

  private static TornadoBackend open(Precision precision) {
    return (TornadoBackend)
        new TornadoBackendProvider().open(BackendOptions.DEFAULT.withPrecision(precision));
  }

  private static Batch batch(int vocabulary, int... lengths) {
    return Batch.ofTokens(sequences(vocabulary, lengths));
  }

  private static int[][] sequences(int vocabulary, int... lengths) {
    Random random = new Random(lengths.length);
    int[][] sequences = new int[lengths.length][];
    for (int i = 0; i < lengths.length; i++) {
      sequences[i] = random.ints(lengths[i], 0, vocabulary).toArray();
    }
    return sequences;
  }

  private static double relativeError(float[] expected, float[] actual) {
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      double d = (double) actual[i] - expected[i];
      difference += d * d;
      norm += (double) expected[i] * expected[i];
    }
    return Math.sqrt(difference / norm);
  }

  /** Hidden states of a small random model, against the scalar backend. */
  private static void errors(Precision precision) {
    MegatronBertConfig config = MegatronBertConfig.ofSizes(3, 256, 4, 1024, 1000, 512);
    Checkpoint checkpoint = RandomCheckpoint.of(config, ModelClass.MODEL, 7);
    try (Backend oracle = Backends.open("scalar", BackendOptions.DEFAULT);
        Backend device = open(precision)) {
      MegatronBertModel expected = MegatronBertModel.load(checkpoint, oracle);
      MegatronBertModel actual = MegatronBertModel.load(checkpoint, device);
      for (int[] lengths : new int[][] {{64, 64}, {1, 17, 130, 33, 64}, {40, 400, 90, 512, 16}}) {
        print(precision, Arrays.toString(lengths), expected, actual, batch(1000, lengths));
      }
      // The second of three sequences is masked whole, the third from its first key on.
      int[] mask = new int[3 * 64];
      Arrays.fill(mask, 0, 50, 1);
      Arrays.fill(mask, 2 * 64 + 7, 3 * 64, 1);
      int[] ids = new Random(3).ints(3 * 64, 0, 1000).toArray();
      Batch masked = Batch.rectangle(3, 64, ids, new int[3 * 64], null, mask, null);
      print(precision, "masked", expected, actual, masked);
    }
  }

  private static void print(
      Precision precision,
      String what,
      MegatronBertModel expected,
      MegatronBertModel actual,
      Batch batch) {
    System.out.printf(
        Locale.ROOT,
        "%-4s %-24s relative L2 of the hidden states %.2e%n",
        precision.optionName(),
        what,
        relativeError(
            expected.forward(batch, OutputOptions.NONE).lastHiddenState().toFloatArray(),
            actual.forward(batch, OutputOptions.NONE).lastHiddenState().toFloatArray()));
  }

  /** Many small calls; what the heap and the process hold must not grow. */
  private static void soak(Precision precision, int calls) throws IOException {
    try (Arena arena = Arena.ofShared();
        Backend device = open(precision)) {
      Tensor weight = Tensor.allocate(arena, DType.F32, Shape.of(16, 16));
      Tensor x = Tensor.allocate(arena, DType.F32, Shape.of(4, 16));
      Tensor out = Tensor.allocate(arena, DType.F32, Shape.of(4, 16));
      Backend.Linear layer = device.linear(List.of(weight), Arrays.asList((Tensor) null));
      long start = System.nanoTime();
      for (int i = 1; i <= calls; i++) {
        try (Computation computation = device.begin()) {
          Matrix result = computation.matrix(4, 16);
          computation.linear(computation.upload(x), layer, Activation.IDENTITY, null, result);
          computation.read(result, out.segment());
        }
        if (i == calls / 10 || i == calls) {
          System.gc();
          Runtime runtime = Runtime.getRuntime();
          System.out.printf(
              Locale.ROOT,
              "%-4s after %8d calls: heap %6d KiB, resident %7s KiB, %.0f µs a call%n",
              precision.optionName(),
              i,
              (runtime.totalMemory() - runtime.freeMemory()) >> 10,
              resident(),
              seconds(start) * 1e6 / i);
        }
      }
    }
  }

  private static String resident() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS"))
        .map(line -> line.replaceAll("[^0-9]", ""))
        .findFirst()
        .orElse("?");
  }

  /** The masked-token loss of the demo model on its validation set: 2.3910 in transformers. */
  private static void mini(Path folder, Path validation, Precision precision) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        Safetensors data = Safetensors.open(validation);
        Backend device = open(precision)) {
      MegatronBertForMaskedLM model = MegatronBertForMaskedLM.load(checkpoint, device);
      int[] ids = data.tensor("input_ids").toIntArray();
      int[] types = data.tensor("token_type_ids").toIntArray();
      int[] labels = data.tensor("labels").toIntArray();
      double sum = 0;
      int count = 0;
      int length = 128;
      int sequences = 64;
      for (int part = 0; part < ids.length / (sequences * length); part++) {
        int from = part * sequences * length;
        int to = from + sequences * length;
        int[] some = Arrays.copyOfRange(ids, from, to);
        int[] mask = Arrays.stream(some).map(id -> id == 0 ? 0 : 1).toArray();
        Batch batch =
            Batch.rectangle(
                sequences, length, some, Arrays.copyOfRange(types, from, to), null, mask, null);
        int[] rows =
            IntStream.range(from, to).filter(i -> labels[i] >= 0).map(i -> i - from).toArray();
        float[] logits = model.logits(batch, rows).toFloatArray();
        int vocabulary = model.config().vocabSize();
        for (int r = 0; r < rows.length; r++) {
          int base = r * vocabulary;
          double total = 0;
          for (int c = 0; c < vocabulary; c++) {
            total += Math.exp(logits[base + c]);
          }
          sum += Math.log(total) - logits[base + labels[from + rows[r]]];
          count++;
        }
      }
      System.out.printf(
          Locale.ROOT,
          "%-4s demo model: loss %.4f over %d masked tokens (transformers: 2.3910 over 7299)%n",
          precision.optionName(),
          sum / count,
          count);
    }
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

  private static void times(Precision precision, List<String> shapes) {
    long start = System.nanoTime();
    MegatronBertConfig config = MegatronBertConfig.base();
    Checkpoint checkpoint = RandomCheckpoint.of(config, ModelClass.SEQUENCE_CLASSIFICATION, 11);
    try (TornadoBackend device = open(precision)) {
      MegatronBertForSequenceClassification model =
          MegatronBertForSequenceClassification.load(checkpoint, device);
      System.out.printf(Locale.ROOT, "%s, loaded in %.1f s%n", device.device(), seconds(start));
      for (String shape : shapes) {
        int[][] sequences = sequences(VOCABULARY, lengths(shape));
        Batch batch = Batch.ofTokens(sequences);
        long first = System.nanoTime();
        float checksum = model.forward(batch, null, OutputOptions.NONE).logits().toFloatArray()[0];
        double firstSeconds = seconds(first);
        double[] milliseconds = new double[batch.tokens() > 10_000 ? 20 : 60];
        // The host's part is Java, which the JVM compiles as it goes.
        long warmUp = System.nanoTime();
        for (int calls = 0; calls < WARM_UP_CALLS || seconds(warmUp) < 5; calls++) {
          model.forward(batch, null, OutputOptions.NONE);
        }
        double[] host = new double[milliseconds.length];
        Map<HostClock.Part, double[]> parts = new EnumMap<>(HostClock.Part.class);
        for (HostClock.Part part : HostClock.Part.values()) {
          parts.put(part, new double[milliseconds.length]);
        }
        for (int i = 0; i < milliseconds.length; i++) {
          // Nobody computes a batch twice; the ids of a new one have just been written.
          Batch next = Batch.ofTokens(sequences);
          long before = System.nanoTime();
          model.forward(next, null, OutputOptions.NONE);
          milliseconds[i] = seconds(before) * 1e3;
          for (HostClock.Part part : HostClock.Part.values()) {
            parts.get(part)[i] = device.programs().latestClock().nanos(part) / 1e3;
          }
          // Right after the call, for the device's clock moves by more than the host's part.
          host[i] = milliseconds[i] - device.programs().measureDevice(1).alone();
        }
        Arrays.sort(milliseconds);
        Arrays.sort(host);
        double median = milliseconds[milliseconds.length / 2];
        Programs.DeviceTime time = device.programs().measureDevice(25);
        System.out.printf(
            Locale.ROOT,
            "%-4s %-8s %6d tokens  first %5.2f s  median %7.3f ms  best %7.3f ms  device %7.3f ms"
                + "  start and wait %4.0f µs  Java %4.0f µs  (%.5f)%n",
            precision.optionName(),
            shape,
            batch.tokens(),
            firstSeconds,
            median,
            milliseconds[0],
            time.inRow(),
            (time.alone() - time.inRow()) * 1e3,
            host[host.length / 2] * 1e3,
            checksum);
        StringBuilder line = new StringBuilder("     host:");
        parts.forEach(
            (part, micros) -> {
              Arrays.sort(micros);
              line.append(
                  String.format(Locale.ROOT, " %s %.0f µs,", part, micros[micros.length / 2]));
            });
        System.out.printf(Locale.ROOT, "%s READ %.0f µs%n", line, readMicros(device));
      }
    }
  }

  /** Median microseconds of reading 32 × 2 numbers from a device that has finished. */
  private static double readMicros(Backend device) {
    try (Arena arena = Arena.ofShared();
        Computation computation = device.begin()) {
      Tensor numbers = Tensor.allocate(arena, DType.F32, Shape.of(32, 2));
      Matrix matrix = computation.upload(numbers);
      double[] micros = new double[101];
      for (int i = 0; i < micros.length; i++) {
        long start = System.nanoTime();
        computation.read(matrix, numbers.segment());
        micros[i] = seconds(start) * 1e6;
      }
      Arrays.sort(micros);
      return micros[micros.length / 2];
    }
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }
}
