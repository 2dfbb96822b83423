package io.github.megabert.tornado;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
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
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Checks a device against the scalar backend and times the 345M model on it; {@code bench/gpu.sh}
 * runs it beside PyTorch.
 *
 * <p>Arguments: {@code errors PRECISION…}, {@code mini FOLDER VALIDATION PRECISION…} or {@code
 * times PRECISION SHAPE…} with shapes such as {@code 32x512} or {@code ragged}.
 */
final class DeviceCheck {
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
      case "times" -> times(Precision.valueOf(rest.getFirst()), rest.subList(1, rest.size()));
      default -> throw new IllegalArgumentException("errors, mini or times, not " + arguments[0]);
    }
    // TornadoVM's threads do not end by themselves.
    System.exit(0);
  }

  private static Backend open(Precision precision) {
    return new TornadoBackendProvider().open(BackendOptions.DEFAULT.withPrecision(precision));
  }

  private static Batch batch(int vocabulary, int... lengths) {
    Random random = new Random(lengths.length);
    int[][] sequences = new int[lengths.length][];
    for (int i = 0; i < lengths.length; i++) {
      sequences[i] = random.ints(lengths[i], 0, vocabulary).toArray();
    }
    return Batch.ofTokens(sequences);
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
    Checkpoint checkpoint = RandomCheckpoint.of(config, "MegatronBertModel", 7);
    try (Backend oracle = Backends.open("scalar", BackendOptions.DEFAULT);
        Backend device = open(precision)) {
      MegatronBertModel expected = MegatronBertModel.load(checkpoint, oracle);
      MegatronBertModel actual = MegatronBertModel.load(checkpoint, device);
      for (int[] lengths : new int[][] {{64, 64}, {1, 17, 130, 33, 64}}) {
        Batch batch = batch(1000, lengths);
        double error =
            relativeError(
                expected.forward(batch, OutputOptions.NONE).lastHiddenState().toFloatArray(),
                actual.forward(batch, OutputOptions.NONE).lastHiddenState().toFloatArray());
        System.out.printf(
            "%-4s lengths %s: relative L2 of the hidden states %.2e%n",
            precision.optionName(), Arrays.toString(lengths), error);
      }
    }
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
            java.util.stream.IntStream.range(from, to)
                .filter(i -> labels[i] >= 0)
                .map(i -> i - from)
                .toArray();
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
          "%-4s demo model: loss %.4f over %d masked tokens (transformers: 2.3910 over 7299)%n",
          precision.optionName(), sum / count, count);
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
    Checkpoint checkpoint =
        RandomCheckpoint.of(config, "MegatronBertForSequenceClassification", 11);
    try (Backend device = open(precision)) {
      MegatronBertForSequenceClassification model =
          MegatronBertForSequenceClassification.load(checkpoint, device);
      System.out.printf("%s, loaded in %.1f s%n", device.device(), seconds(start));
      for (String shape : shapes) {
        Batch batch = batch(VOCABULARY, lengths(shape));
        long first = System.nanoTime();
        float checksum = model.forward(batch, null, OutputOptions.NONE).logits().toFloatArray()[0];
        double firstSeconds = seconds(first);
        double[] milliseconds = new double[batch.tokens() > 10_000 ? 20 : 60];
        // The host's part is Java that the JVM compiles as it goes: two seconds warm it up.
        long warmUp = System.nanoTime();
        while (seconds(warmUp) < 2) {
          model.forward(batch, null, OutputOptions.NONE);
        }
        for (int i = 0; i < milliseconds.length; i++) {
          long before = System.nanoTime();
          model.forward(batch, null, OutputOptions.NONE);
          milliseconds[i] = seconds(before) * 1e3;
        }
        Arrays.sort(milliseconds);
        System.out.printf(
            "%-4s %-8s %7d tokens  first %6.2f s  median %8.3f ms  best %8.3f ms  (%.5f)%n",
            precision.optionName(),
            shape,
            batch.tokens(),
            firstSeconds,
            milliseconds[milliseconds.length / 2],
            milliseconds[0],
            checksum);
      }
    }
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }
}
