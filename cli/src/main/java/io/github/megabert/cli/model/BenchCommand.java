// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.OperationProfile;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.cli.option.ComputeOptions;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.ModelSize;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.terminal.Progress;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.hub.Hub;
import io.github.megabert.model.Batch;
import io.github.megabert.model.ForwardCost;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.MegatronBertModel;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.parameters.ModelClass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code megabert bench}. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures the forward pass of MegatronBertModel or BertModel on this machine.",
    footer = {
      "",
      "Examples:",
      "  megabert bench                                MegatronBERT-345M, 1 x 128 tokens",
      "  megabert bench --batch 8 --dtype bf16 --profile",
      "  megabert bench --config minilm --seq 16",
      "  megabert bench --model my-model --seq 512"
    })
public final class BenchCommand implements Callable<Integer> {
  private static final long WARM_UP_NANOS = 6_000_000_000L;

  @Mixin private ComputeOptions compute = new ComputeOptions();
  @Mixin private JsonOption output = new JsonOption();

  @Option(
      names = "--config",
      paramLabel = "SIZE",
      completionCandidates = ModelSize.Names.class,
      description =
          "Random weights of a known size: mini, 345m, 1.3b or 3.9b of MegatronBERT; minilm,"
              + " bert-base or bert-large. Default: 345m.")
  private @Nullable String size;

  @Option(
      names = "--model",
      paramLabel = "PATH",
      description = "A checkpoint, in place of random weights.")
  private @Nullable Path model;

  @Option(
      names = "--batch",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      defaultValue = "1",
      description = "Sequences. Default: ${DEFAULT-VALUE}.")
  private int batch = 1;

  @Option(
      names = "--seq",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      defaultValue = "128",
      description = "Tokens a sequence. Default: ${DEFAULT-VALUE}.")
  private int length = 128;

  @Option(
      names = "--runs",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      defaultValue = "10",
      description = "Measured runs, after six seconds of warm-up. Default: ${DEFAULT-VALUE}.")
  private int runs = 10;

  @Option(
      names = "--profile",
      description = "Also print a table of operations: time, share, GFLOP/s, GB/s.")
  private boolean profiling;

  @Override
  public Integer call() throws IOException {
    WrongUsage.unless(
        size == null || model == null,
        "--config is a size for random weights, --model has weights: give one of them");
    OperationProfile profile = new OperationProfile();
    long start = System.nanoTime();
    try (Checkpoint checkpoint = open();
        Backend backend = profiling ? profile.around(compute.open()) : compute.open()) {
      MegatronBertModel network = MegatronBertModel.load(checkpoint, backend);
      double loadSeconds = (System.nanoTime() - start) / 1e9;
      Batch tokens = tokens(network.config());
      double first = time(network, tokens);
      double[] times = measure(network, tokens, profile);
      MegatronBertConfig config = network.config();
      int[] lengths = new int[batch];
      Arrays.fill(lengths, length);
      double median = times[times.length / 2];
      double gigaflops = ForwardCost.operations(config, lengths) / median / 1e9;
      double peak = backend.measurePeak();
      ObjectNode result = JsonNodeFactory.instance.objectNode();
      result.put("machine", machine());
      result.put("java", System.getProperty("java.vendor.version", "") + " " + Runtime.version());
      result.put("backend", backend.name() + ": " + backend.device());
      result.put("threads", compute.threads());
      result.put("config", model == null ? size() : model.toString());
      result.put("dtype", backend.precision().optionName());
      result.put("batch", batch);
      result.put("seq", length);
      result.put("median_ms", 1e3 * median);
      result.put("min_ms", 1e3 * times[0]);
      result.put("gflops", gigaflops);
      if (peak > 0) {
        result.put("peak_gflops", peak);
        result.put("peak_share", gigaflops / peak);
      }
      result.put("load_seconds", loadSeconds);
      result.put("first_ms", 1e3 * first);
      result.put("peak_memory_mb", peakMemoryMegabytes());
      if (profiling) {
        addProfile(result, profile);
      }
      print(result);
    }
    return 0;
  }

  /** One entry an operation; milliseconds are those of one run. */
  private void addProfile(ObjectNode result, OperationProfile profile) {
    double sum = profile.entries().stream().mapToDouble(OperationProfile.Entry::seconds).sum();
    ArrayNode operations = result.putArray("operations");
    for (OperationProfile.Entry entry : profile.entries()) {
      ObjectNode node = operations.addObject();
      node.put("operation", entry.operation());
      node.put("calls", entry.calls() / runs);
      node.put("ms", 1e3 * entry.seconds() / runs);
      node.put("share", entry.seconds() / sum);
      node.put("gflops", entry.gigaflops());
      node.put("gigabytes_per_second", entry.gigabytes());
    }
  }

  private String size() {
    return size == null ? "345m" : size;
  }

  private Checkpoint open() throws IOException {
    return model == null
        ? RandomCheckpoint.of(
            ModelSize.ofOptionName(size().toLowerCase(Locale.ROOT)).config(length),
            ModelClass.MODEL,
            1)
        : Checkpoint.open(Hub.locate(model));
  }

  private Batch tokens(MegatronBertConfig config) {
    Random random = new Random(1);
    int[][] sequences = new int[batch][];
    for (int b = 0; b < batch; b++) {
      sequences[b] = random.ints(length, 0, config.vocabSize()).toArray();
    }
    return Batch.ofTokens(sequences);
  }

  /** Seconds of every run, ascending. */
  private double[] measure(MegatronBertModel network, Batch tokens, OperationProfile profile) {
    long start = System.nanoTime();
    long elapsed;
    do {
      time(network, tokens);
      elapsed = System.nanoTime() - start;
      Progress.show("warm-up", " s", 1_000_000_000, elapsed, WARM_UP_NANOS);
    } while (elapsed < WARM_UP_NANOS);
    profile.reset();
    double[] times = new double[runs];
    for (int i = 0; i < runs; i++) {
      times[i] = time(network, tokens);
      Progress.show("runs", "", 1, i + 1, runs);
    }
    Progress.end();
    Arrays.sort(times);
    return times;
  }

  private static double time(MegatronBertModel network, Batch tokens) {
    long start = System.nanoTime();
    network.forward(tokens, OutputOptions.NONE);
    return (System.nanoTime() - start) / 1e9;
  }

  private static String machine() throws IOException {
    String processor = System.getProperty("os.arch");
    Path description = Path.of("/proc/cpuinfo");
    if (Files.isReadable(description)) {
      for (String line : Files.readAllLines(description)) {
        if (line.startsWith("model name")) {
          processor = line.substring(line.indexOf(':') + 1).strip();
          break;
        }
      }
    }
    return String.format(
        Locale.ROOT,
        "%s, %d processors, %s",
        processor,
        Runtime.getRuntime().availableProcessors(),
        System.getProperty("os.name"));
  }

  /** The most resident memory so far, where the system tells; otherwise 0. */
  private static long peakMemoryMegabytes() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (Files.isReadable(status)) {
      for (String line : Files.readAllLines(status)) {
        if (line.startsWith("VmHWM:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024;
        }
      }
    }
    return 0;
  }

  private void print(ObjectNode result) {
    if (output.json) {
      JsonOption.print(result);
      return;
    }
    ArrayNode operations = (ArrayNode) result.remove("operations");
    result
        .properties()
        .forEach(
            entry ->
                System.out.printf(
                    Locale.ROOT,
                    "%-16s %s%n",
                    entry.getKey(),
                    entry.getValue().isDouble()
                        ? String.format(Locale.ROOT, "%.3f", entry.getValue().doubleValue())
                        : entry.getValue().asString()));
    if (operations != null) {
      printProfile(operations);
    }
  }

  private static void printProfile(ArrayNode operations) {
    System.out.printf(
        "%n%-40s %6s %9s %7s %9s %8s%n", "operation", "calls", "ms", "share", "GFLOP/s", "GB/s");
    for (JsonNode entry : operations) {
      System.out.printf(
          Locale.ROOT,
          "%-40s %6d %9.3f %6.1f%% %9s %8.1f%n",
          entry.get("operation").asString(),
          entry.get("calls").asLong(),
          entry.get("ms").asDouble(),
          100 * entry.get("share").asDouble(),
          entry.get("gflops").asDouble() == 0
              ? "-"
              : String.format(Locale.ROOT, "%.1f", entry.get("gflops").asDouble()),
          entry.get("gigabytes_per_second").asDouble());
    }
  }
}
