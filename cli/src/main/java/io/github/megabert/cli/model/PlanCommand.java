// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.model;

import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.ModelSize;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.parallel.ParallelPlan;
import io.github.megabert.parallel.plan.Cluster;
import io.github.megabert.parallel.plan.ModelShape;
import io.github.megabert.parallel.plan.PerformanceModel;
import io.github.megabert.parallel.plan.Prediction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code megabert plan}. */
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    description =
        "Predicts how long a step of pre-training takes on many GPUs, and prints the best ways to"
            + " divide it.",
    footer = {
      "",
      "T ranks share a layer, P stages share the layers, D copies share the samples. Predictions",
      "are an α-β model's, for half precision; the last line tells where its constants are from.",
      "",
      "Examples:",
      "  megabert plan --config 3.9b --gpus 512",
      "  megabert plan --config 8.3b --gpus 512 --gpu v100 --batch 512 --json"
    })
public final class PlanCommand implements Callable<Integer> {
  /** Masked tokens of a sample, whose logits are computed. */
  private static final double MASKED = 0.15;

  private static final int SHOWN = 10;
  private static final String LARGEST = "8.3b";

  @Mixin private JsonOption output = new JsonOption();

  /** Sizes of which plans are made: those of the papers. */
  static final class Sizes implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Stream.concat(
              Arrays.stream(ModelSize.values()).map(ModelSize::optionName), Stream.of(LARGEST))
          .iterator();
    }
  }

  @Option(
      names = "--config",
      paramLabel = "SIZE",
      required = true,
      completionCandidates = Sizes.class,
      description =
          "345m, 1.3b, 3.9b, 8.3b or another size, or a config.json or the folder that holds one.")
  private String config = "";

  @Option(
      names = "--gpus",
      paramLabel = "N",
      required = true,
      converter = Numbers.AtLeastOne.class,
      description = "GPUs in all.")
  private int gpus;

  @Option(
      names = "--gpu",
      paramLabel = "NAME",
      description = "h200, h100, a100 or v100, eight a node (v100: 16). Default: h100.")
  private Gpu gpu = Gpu.H100;

  @Option(
      names = "--batch",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Samples a step. Default: 1024.")
  private int batch = 1024;

  @Option(
      names = "--seq-length",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Tokens of a sample. Default: 512.")
  private int sequence = 512;

  /** GPUs that are known. */
  enum Gpu {
    H200(Cluster.H200),
    H100(Cluster.H100),
    A100(Cluster.A100),
    V100(Cluster.V100);

    @SuppressWarnings("ImmutableEnumChecker") // A record of numbers and a name.
    private final Cluster cluster;

    Gpu(Cluster cluster) {
      this.cluster = cluster;
    }

    Cluster cluster() {
      return cluster;
    }
  }

  @Override
  public Integer call() throws IOException {
    ModelShape model = shape();
    List<Prediction> plans = new PerformanceModel(model, gpu.cluster()).plan(gpus, batch);
    if (plans.isEmpty()) {
      throw new IllegalArgumentException(
          config
              + " with "
              + batch
              + " samples a step does not fit "
              + gpus
              + " GPUs of "
              + Math.round(gpu.cluster().memory() / 1e9)
              + " GB in any way that divides heads, layers and samples; take more --gpus or another"
              + " --batch");
    }
    List<Prediction> best = plans.subList(0, Math.min(SHOWN, plans.size()));
    if (output.json) {
      printJson(model, best);
    } else {
      print(model, best);
    }
    return 0;
  }

  private ModelShape shape() throws IOException {
    MegatronBertConfig found = configuration();
    return new ModelShape(
        found.numHiddenLayers(),
        found.hiddenSize(),
        found.numAttentionHeads(),
        found.intermediateSize(),
        found.vocabSize(),
        sequence,
        MASKED);
  }

  private MegatronBertConfig configuration() throws IOException {
    if (config.equals(LARGEST)) {
      // The largest of Shoeybi et al. 2019, with BERT's vocabulary.
      return MegatronBertConfig.ofSizes(72, 3072, 32, 4 * 3072, 29_056, sequence);
    }
    Optional<ModelSize> size = ModelSize.find(config);
    if (size.isPresent()) {
      return size.get().config(sequence);
    }
    Path path = Path.of(config);
    return MegatronBertConfig.read(Files.isDirectory(path) ? path.resolve("config.json") : path);
  }

  private void print(ModelShape model, List<Prediction> best) {
    System.out.printf(
        Locale.ROOT,
        "%s: %.2f billion parameters, %d samples of %d tokens a step, %d × %s%n%n",
        config,
        model.parameters() / 1e9,
        batch,
        sequence,
        gpus,
        gpu.cluster().name());
    System.out.printf(
        "%4s %4s %4s %6s %9s %10s %8s %8s %8s%n",
        "T", "P", "D", "micro", "recompute", "s a step", "TFLOP/s", "of peak", "GB a GPU");
    for (Prediction one : best) {
      ParallelPlan plan = one.layout().plan();
      System.out.printf(
          Locale.ROOT,
          "%4d %4d %4d %6d %9s %10.3f %8.1f %7.1f%% %8.1f%n",
          plan.tensor(),
          plan.pipeline(),
          plan.data(),
          one.layout().microBatch(),
          one.layout().recompute() ? "full" : "none",
          one.stepSeconds(),
          one.operationsPerSecond() / 1e12,
          100 * one.modelShare(),
          one.memory() / 1e9);
    }
    System.out.printf("%nConstants: %s%n", gpu.cluster().source());
  }

  private void printJson(ModelShape model, List<Prediction> best) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object
        .put("config", config)
        .put("parameters", Math.round(model.parameters()))
        .put("gpus", gpus)
        .put("gpu", gpu.cluster().name())
        .put("constants", gpu.cluster().source())
        .put("batch", batch)
        .put("seq_length", sequence);
    ArrayNode plans = object.putArray("results");
    for (Prediction one : best) {
      ParallelPlan plan = one.layout().plan();
      plans
          .addObject()
          .put("tensor_parallel", plan.tensor())
          .put("pipeline_parallel", plan.pipeline())
          .put("data_parallel", plan.data())
          .put("micro_batch_size", one.layout().microBatch())
          .put("recompute", one.layout().recompute() ? "full" : "none")
          .put("step_seconds", one.stepSeconds())
          .put("tflops_per_gpu", one.operationsPerSecond() / 1e12)
          .put("model_flops_share", one.modelShare())
          .put("memory_bytes", Math.round(one.memory()));
    }
    JsonOption.print(object);
  }
}
