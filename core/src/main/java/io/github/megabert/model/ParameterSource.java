// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.input.Quote;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes a model's parameters out of a checkpoint, checks their shapes and hands them to a backend.
 *
 * <p>Remembers which tensors were taken, so that the rest can be reported.
 */
final class ParameterSource {
  private final Checkpoint checkpoint;
  private final Backend backend;
  private final ParameterStorage storage;
  private final MegatronBertConfig config;
  private final ModelClass modelClass;
  private final ParameterTable table;
  private final @Nullable Long missingHeadSeed;
  private final TensorRank ranks;
  private final PipelineRank pipeline;
  private final Map<String, Object> shared;
  private final Set<String> taken = new HashSet<>();

  /**
   * @param shared what earlier models took from the same checkpoint into the same backend, by name,
   *     to be used again; added to
   * @param missingHeadSeed seed for the random weights of a head that the checkpoint lacks, or null
   *     to refuse such a checkpoint
   * @param ranks which part of each parameter is handed on
   * @param pipeline which parameters are handed on at all
   */
  ParameterSource(
      Checkpoint checkpoint,
      Backend backend,
      ParameterStorage storage,
      MegatronBertConfig config,
      ModelClass modelClass,
      Map<String, Object> shared,
      @Nullable Long missingHeadSeed,
      TensorRank ranks,
      PipelineRank pipeline) {
    this.checkpoint = checkpoint;
    this.backend = backend;
    this.storage = storage;
    this.config = config;
    this.modelClass = modelClass;
    this.shared = shared;
    this.missingHeadSeed = missingHeadSeed;
    this.ranks = ranks;
    this.pipeline = pipeline;
    table = ParameterTable.of(config.sizes(), modelClass);
  }

  MegatronBertConfig config() {
    return config;
  }

  Backend backend() {
    return backend;
  }

  /** Which part of the model is here. */
  TensorRank ranks() {
    return ranks;
  }

  /** Which of its stages are here. */
  PipelineRank pipeline() {
    return pipeline;
  }

  /** What computations ask of the files that they read; null where parameters are copies. */
  @Nullable WeightFiles files() {
    return storage.keepsTensors() ? new WeightFiles(checkpoint) : null;
  }

  boolean has(String name) {
    return checkpoint.names().contains(name);
  }

  /** A table, or a vector such as a LayerNorm's weight. */
  Backend.Parameter parameter(String name) {
    ParameterSpec spec = table.get(name);
    if (!pipeline.has(spec.place())) {
      return elsewhere(spec);
    }
    try (Arena arena = Arena.ofConfined()) {
      Tensor tensor = require(spec, arena);
      return (Backend.Parameter)
          shared.computeIfAbsent(name, absent -> storage.parameter(spec, tensor));
    }
  }

  /** Stands for a parameter of another stage, which loads and checks it. */
  private Elsewhere elsewhere(ParameterSpec spec) {
    ignore(spec.name());
    storage.elsewhere(spec);
    return Elsewhere.of(spec);
  }

  private Elsewhere elsewhere(List<ParameterSpec> weights, List<ParameterSpec> biases) {
    int outputs = 0;
    for (ParameterSpec weight : weights) {
      outputs += elsewhere(weight).outputs();
    }
    biases.forEach(this::elsewhere);
    return new Elsewhere(outputs, Elsewhere.of(weights.getFirst()).inputs());
  }

  /** The LayerNorm {@code prefix.weight}, {@code prefix.bias}. */
  Norm norm(String prefix) {
    return new Norm(
        parameter(prefix + ".weight"), parameter(prefix + ".bias"), config.layerNormEps());
  }

  /** The linear layers {@code prefix.weight}, {@code prefix.bias} of one input, stacked. */
  Backend.Linear linear(String... prefixes) {
    List<ParameterSpec> weights = new ArrayList<>();
    List<ParameterSpec> biases = new ArrayList<>();
    for (String prefix : prefixes) {
      weights.add(table.get(prefix + ".weight"));
      biases.add(table.get(prefix + ".bias"));
    }
    return linear(weights, biases);
  }

  /** The LayerNorm of a head; the identity where the head is missing and that is allowed. */
  Norm headNorm(String prefix) {
    if (has(prefix + ".weight") || missingHeadSeed == null || !hasHead()) {
      return norm(prefix);
    }
    return new Norm(
        filled(prefix + ".weight", 1), filled(prefix + ".bias", 0), config.layerNormEps());
  }

  private Backend.Parameter filled(String name, float value) {
    ParameterSpec spec = table.get(name);
    Tensor tensor = Tensor.allocate(Arena.ofAuto(), DType.F32, spec.shape());
    for (long i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, value);
    }
    return storage.parameter(spec, tensor);
  }

  /**
   * The decoder of a language model, whose weight and bias do not share a prefix. What is missing
   * begins with random weights and a bias of zero, where that is allowed.
   */
  Backend.Linear headDecoder(String weightName, String biasName) {
    List<ParameterSpec> weight = List.of(table.get(weightName));
    List<ParameterSpec> bias = List.of(table.get(biasName));
    if (missingHeadSeed == null || !hasHead() || (has(weightName) && has(biasName))) {
      return linear(weight, bias);
    }
    Tensor values =
        has(weightName)
            ? require(weight.getFirst(), null)
            : random(weight.getFirst(), missingHeadSeed, Arena.ofAuto());
    List<@Nullable Tensor> biasValues = new ArrayList<>();
    biasValues.add(has(biasName) ? require(bias.getFirst(), null) : null);
    return storage.linear(weight, bias, List.of(values), biasValues);
  }

  /**
   * Normal with the standard deviation {@code initializer_range}, drawn from a stream of the
   * parameter's own: those of one seed are independent, in whatever order they are drawn.
   */
  private Tensor random(ParameterSpec spec, long seed, Arena arena) {
    Tensor weight = Tensor.allocate(arena, DType.F32, spec.shape());
    Random random = new Random(seed * 0x9E3779B97F4A7C15L + spec.name().hashCode());
    for (long i = 0; i < weight.elements(); i++) {
      weight.setFloat(i, (float) (random.nextGaussian() * config.initializerRange()));
    }
    return weight;
  }

  /** Whether what stands behind the layers is here. */
  private boolean hasHead() {
    return pipeline.has(pipeline.lastStage());
  }

  private Backend.Linear linear(List<ParameterSpec> weights, List<ParameterSpec> biases) {
    // The bias tells where: a decoder's weight may be the table of word embeddings.
    if (!pipeline.has(biases.getFirst().place())) {
      return elsewhere(weights, biases);
    }
    List<Tensor> weightValues = new ArrayList<>();
    List<@Nullable Tensor> biasValues = new ArrayList<>();
    StringBuilder key = new StringBuilder();
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < weights.size(); i++) {
        weightValues.add(require(weights.get(i), arena));
        biasValues.add(require(biases.get(i), arena));
        key.append(weights.get(i).name()).append('+').append(biases.get(i).name()).append('+');
      }
      return (Backend.Linear)
          shared.computeIfAbsent(
              key.toString(), absent -> storage.linear(weights, biases, weightValues, biasValues));
    }
  }

  /**
   * The linear layer of a task's head. Where the checkpoint has none, random numbers take its place
   * if the caller allowed it.
   */
  Backend.Linear head(String prefix) {
    if (!hasHead()) {
      return linear(prefix);
    }
    if (has(prefix + ".weight") || has(prefix + ".bias")) {
      requireLabels(prefix);
      return linear(prefix);
    }
    if (missingHeadSeed == null) {
      throw missingHead(prefix + ".weight");
    }
    logger()
        .log(
            System.Logger.Level.WARNING,
            "{0} has no {1}.weight: the head of {2} begins with random weights and must be trained",
            checkpoint.source(),
            prefix,
            modelClass);
    ParameterSpec spec = table.get(prefix + ".weight");
    try (Arena arena = Arena.ofConfined()) {
      Tensor weight = random(spec, missingHeadSeed, arena);
      List<@Nullable Tensor> zeros = new ArrayList<>();
      zeros.add(null);
      return storage.linear(
          List.of(spec), List.of(table.get(prefix + ".bias")), List.of(weight), zeros);
    }
  }

  /** A head of another number of labels: the configuration is of another model. */
  private void requireLabels(String prefix) {
    String name = prefix + ".weight";
    long labels = table.get(name).shape().extent(0);
    if (prefix.equals(ParameterTable.CLASSIFIER)
        && has(name)
        && labels == config.numLabels()
        && checkpoint.shape(name).rank() == 2
        && checkpoint.shape(name).extent(0) != labels) {
      throw new IllegalArgumentException(
          "the configuration of "
              + checkpoint.source()
              + " has "
              + labels
              + " labels ("
              + Quote.list(config.id2label().values())
              + "), its tensor "
              + name
              + " "
              + checkpoint.shape(name).extent(0)
              + "; put the labels that it was trained with into id2label of config.json");
    }
  }

  /** The refusal of a checkpoint without a head. */
  IllegalArgumentException missingHead(String tensor) {
    return new IllegalArgumentException(
        checkpoint.source()
            + " has no tensor "
            + tensor
            + ", which "
            + modelClass.className(config.family())
            + " needs"
            + architectureHint()
            + "; name the right class, or allow a missing head in order to train it");
  }

  private String architectureHint() {
    List<String> architectures = config.architectures();
    return architectures.isEmpty()
        ? ""
        : " (its configuration says " + Quote.list(architectures) + ")";
  }

  /** Whether the storage takes the tensors as they are, and no parts or copies of them. */
  private boolean keepsTensors() {
    return storage.keepsTensors() && ranks.group() == null;
  }

  /**
   * The tensor of a parameter, of the shape that the table has.
   *
   * @param arena ends when the storage has taken its part or its copy of what is no view of a file,
   *     so that ranks that share a model never have it whole; null for the checkpoint's own
   */
  private Tensor require(ParameterSpec spec, @Nullable Arena arena) {
    String name = spec.name();
    Shape shape = spec.shape();
    Tensor tensor = take(name, arena);
    if (tensor == null) {
      throw new IllegalArgumentException(
          checkpoint.source()
              + " has no tensor "
              + name
              + " of shape "
              + shape
              + ", which the model needs"
              + architectureHint());
    }
    if (!tensor.shape().equals(shape)) {
      throw new IllegalArgumentException(
          "tensor "
              + name
              + " of "
              + checkpoint.source()
              + " has shape "
              + tensor.shape()
              + ", the configuration asks for "
              + shape);
    }
    if (!tensor.dtype().isFloating() || tensor.dtype().bits() < 16 || tensor.dtype() == DType.C64) {
      throw new IllegalArgumentException(
          "tensor "
              + name
              + " of "
              + checkpoint.source()
              + " has the element type "
              + tensor.dtype()
              + ", F32, F16, BF16 or F64 is expected");
    }
    return tensor;
  }

  private @Nullable Tensor take(String name, @Nullable Arena arena) {
    if (!has(name)) {
      return null;
    }
    taken.add(name);
    try {
      return arena == null || keepsTensors()
          ? checkpoint.tensor(name)
          : checkpoint.tensor(name, arena);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure.getMessage(), failure);
    }
  }

  /** Notes that a tensor is not needed, so that it is not reported. */
  void ignore(String name) {
    taken.add(name);
  }

  /**
   * Warns once a checkpoint of tensors that neither this class nor the one that the configuration
   * names has a use for.
   */
  void reportUnexpected() {
    Set<String> unexpected = new LinkedHashSet<>(checkpoint.names());
    unexpected.removeAll(taken);
    for (String architecture : config.architectures()) {
      ModelClass.find(architecture)
          .ifPresent(c -> unexpected.removeAll(ParameterTable.of(config.sizes(), c).names()));
    }
    if (!unexpected.isEmpty() && shared.putIfAbsent("reported", true) == null) {
      logger()
          .log(
              System.Logger.Level.WARNING,
              "{0} has {1} tensors that {2} does not use: {3}",
              checkpoint.source(),
              unexpected.size(),
              modelClass.className(config.family()),
              Quote.list(unexpected));
    }
  }

  /** Found when there is something to say: the logging system costs a short run 30 ms. */
  private static System.Logger logger() {
    return System.getLogger(ParameterSource.class.getName());
  }
}
