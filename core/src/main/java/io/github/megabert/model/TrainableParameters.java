// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.GradientTargets;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a model that is trained: float32 values that are updated in place, and their
 * gradients. The model reads the values whenever it computes. Tied weights are one parameter with
 * two uses, whose gradients add up.
 *
 * <p>{@link #values} is a checkpoint of what they are now, so a model under training can be written
 * as any other. Where ranks share the model, each has its part of the parameters; {@link #share}
 * says which. Belongs to one thread.
 */
public final class TrainableParameters implements ParameterStorage, GradientTargets, AutoCloseable {
  /**
   * Parameters that a layer reads as one matrix, such as the query, key and value.
   *
   * @param value {@code [rows, columns]}
   * @param gradient of the same shape, or null if all are frozen on every rank
   */
  public record Block(ResidentMatrix value, @Nullable ResidentMatrix gradient) {}

  /**
   * One parameter: some rows of a block.
   *
   * @param spec of the whole parameter
   * @param shape of what is here: the same, unless ranks share the model
   * @param isFrozen whether it is not trained here
   */
  public record Parameter(
      ParameterSpec spec, Shape shape, Block block, int firstRow, int rows, boolean isFrozen) {}

  private final Backend backend;
  private final Predicate<ParameterSpec> frozen;
  private final RankShare share;
  private final String source;
  private @Nullable Map<String, Object> config;
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();

  /** Parameters of all stages, in the order in which the model asked for them. */
  private final Map<String, ParameterSpec> wholeModel = new LinkedHashMap<>();

  /** Those that another stage uses. */
  private final Set<String> elsewhere = new HashSet<>();

  private final List<Block> blocks = new ArrayList<>();
  private final IdentityHashMap<Object, Block> tables = new IdentityHashMap<>();
  private final IdentityHashMap<Object, Block> weights = new IdentityHashMap<>();
  private final IdentityHashMap<Object, Block> biases = new IdentityHashMap<>();
  private int paddingId = -1;
  private int vocabulary;
  private boolean closed;

  /** Nothing yet. */
  TrainableParameters(
      Backend backend, Predicate<ParameterSpec> frozen, RankShare share, String source) {
    this.backend = backend;
    this.frozen = frozen;
    this.share = share;
    this.source = source;
  }

  /**
   * Takes the configuration that the model was loaded with.
   *
   * @param padding the token whose embedding lookups do not train, or -1
   * @param words in the whole vocabulary
   */
  void setConfig(Map<String, Object> value, int padding, int words) {
    config = value;
    vocabulary = words;
    paddingId = padding;
  }

  /** What is here of the model. */
  public RankShare share() {
    return share;
  }

  // Loading.

  @Override
  public Backend.Parameter parameter(ParameterSpec spec, Tensor value) {
    Block block = block(List.of(spec), Collections.singletonList(value));
    Backend.Parameter parameter = backend.parameter(block.value);
    tables.put(parameter, block);
    return parameter;
  }

  @Override
  public Backend.Linear linear(
      List<ParameterSpec> weightSpecs,
      List<ParameterSpec> biasSpecs,
      List<Tensor> weightValues,
      List<@Nullable Tensor> biasValues) {
    Block weight = block(weightSpecs, new ArrayList<>(weightValues));
    Block bias = block(biasSpecs, biasValues);
    Backend.Linear linear = backend.linear(weight.value, bias.value);
    weights.put(linear, weight);
    biases.put(linear, bias);
    return linear;
  }

  /** The block of parameters, made and filled unless an earlier use has done so. */
  private Block block(List<ParameterSpec> specs, List<@Nullable Tensor> values) {
    Parameter known = parameters.get(specs.getFirst().name());
    if (known != null) {
      return known.block;
    }
    List<Shape> shapes = specs.stream().map(spec -> share.tensor().part(spec).shape()).toList();
    int columns = shapes.getFirst().intExtent(-1);
    int rows = shapes.stream().mapToInt(TrainableParameters::rows).sum();
    // Also on ranks where a zero stands for what the first one trains: all walk the same way back,
    // and send the same.
    boolean isFrozen = specs.stream().allMatch(frozen);
    Block block =
        new Block(
            backend.resident(rows, columns), isFrozen ? null : backend.resident(rows, columns));
    blocks.add(block);
    int first = 0;
    for (int i = 0; i < specs.size(); i++) {
      ParameterSpec spec = specs.get(i);
      Shape shape = shapes.get(i);
      Parameter parameter = new Parameter(spec, shape, block, first, rows(shape), isFrozen(spec));
      parameters.put(spec.name(), parameter);
      ParameterSpec _ = wholeModel.putIfAbsent(spec.name(), spec);
      Tensor value = values.get(i);
      if (value != null) {
        write(value, parameter, block.value);
      }
      first += rows(shape);
    }
    return block;
  }

  @Override
  public void elsewhere(ParameterSpec spec) {
    ParameterSpec _ = wholeModel.putIfAbsent(spec.name(), spec);
    elsewhere.add(spec.name());
  }

  /** Also what the first of several ranks trains alone. */
  private boolean isFrozen(ParameterSpec spec) {
    return frozen.test(spec) || share.tensor().isZero(spec);
  }

  /** How many parameters are not trained on any rank. */
  public long frozenCount() {
    return wholeModel.values().stream().filter(frozen).count();
  }

  private static int rows(Shape shape) {
    return shape.rank() == 1 ? 1 : shape.intExtent(0);
  }

  @Override
  public boolean keepsTensors() {
    return false;
  }

  /**
   * Writes a parameter's numbers, or what this rank has of them, into its rows of a matrix of its
   * block's shape.
   *
   * @param whole of the whole parameter's shape
   */
  public void write(Tensor whole, Parameter parameter, ResidentMatrix matrix) {
    backend.write(matrix, parameter.firstRow, part(parameter, whole));
  }

  /** What this rank has of a whole parameter's numbers, {@code [rows, columns of its block]}. */
  public Tensor part(Parameter parameter, Tensor whole) {
    return share
        .tensor()
        .part(parameter.spec, whole)
        .reshape(Shape.of(parameter.rows, parameter.block.value.columns()));
  }

  /**
   * Reads what is here of a parameter from its rows of a matrix of its block's shape, such as a
   * gradient.
   */
  public Tensor read(Parameter parameter, ResidentMatrix matrix, Arena arena) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, parameter.shape);
    backend.read(matrix, parameter.firstRow, parameter.rows, tensor.segment());
    return tensor;
  }

  /**
   * Reads a parameter from its rows of a matrix of its block's shape, such as a moment. Where ranks
   * share the model, all call it, and the first gets the whole.
   */
  public Tensor gather(Parameter parameter, ResidentMatrix matrix, Arena arena) {
    return share.whole(parameter.spec, read(parameter, matrix, arena), arena);
  }

  /** What is trained of the whole model, in one order on all ranks that share it. */
  public List<ParameterSpec> trained() {
    return wholeModel.values().stream().filter(frozen.negate()).toList();
  }

  /**
   * A parameter that this rank has and trains, and gives where ranks put the whole together; null
   * if it has none of it, or the first stage has it as well.
   */
  public @Nullable Parameter given(ParameterSpec spec) {
    Parameter parameter = parameters.get(spec.name());
    return parameter == null || parameter.isFrozen || !share.pipeline().has(spec.place())
        ? null
        : parameter;
  }

  // Training.

  /** The backend that holds them. */
  public Backend backend() {
    return backend;
  }

  /** All parameters, in the order in which the model loaded them. */
  public Collection<Parameter> parameters() {
    return Collections.unmodifiableCollection(parameters.values());
  }

  /** All blocks. */
  public List<Block> blocks() {
    return Collections.unmodifiableList(blocks);
  }

  /**
   * The parameter of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public Parameter parameter(String name) {
    Parameter parameter = parameters.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException("the model has no parameter " + name);
    }
    return parameter;
  }

  /**
   * Adds up, over the ranks that share the model, the gradients that each has of its own use of a
   * parameter: of its tokens under sequence parallelism, those of LayerNorms; and of tied
   * embeddings in the first and the last stage. Called once a step, by all of them.
   */
  public void sumShared(Computation computation) {
    for (Parameter parameter : parameters.values()) {
      Matrix gradient = parameter.block.gradient;
      if (gradient != null) {
        share.sumTokenShares(computation, parameter.spec, gradient);
      }
    }
    for (Parameter parameter : parameters.values()) {
      Matrix gradient = parameter.block.gradient;
      if (gradient != null && elsewhere.contains(parameter.spec.name())) {
        share.sumOverEnds(computation, gradient);
      }
    }
  }

  /** Sets all gradients to zero. */
  public void clearGradients(Computation computation) {
    for (Block block : blocks) {
      if (block.gradient != null) {
        computation.gradients().clear(block.gradient);
      }
    }
  }

  private static @Nullable Matrix gradient(IdentityHashMap<Object, Block> blocks, Object handle) {
    Block block = blocks.get(handle);
    return block == null ? null : block.gradient;
  }

  @Override
  public @Nullable Matrix of(Backend.Parameter parameter) {
    return gradient(tables, parameter);
  }

  @Override
  public int paddingRow(Backend.Parameter table) {
    Parameter words = parameters.get(ParameterTable.WORD_EMBEDDINGS);
    if (words == null || !words.block.equals(tables.get(table))) {
      return -1;
    }
    return paddingId < 0 ? -1 : share.tensor().ownWord(paddingId, vocabulary);
  }

  @Override
  public @Nullable Matrix ofWeight(Backend.Linear linear) {
    return gradient(weights, linear);
  }

  @Override
  public @Nullable Matrix ofBias(Backend.Linear linear) {
    return gradient(biases, linear);
  }

  // The present values.

  /** What messages call the model. */
  String source() {
    return source;
  }

  Map<String, Object> config() {
    if (config == null) {
      throw new IllegalStateException("the model has not been loaded");
    }
    return new LinkedHashMap<>(config);
  }

  /** Parameters of all stages by name, in the order in which the model asked for them. */
  Map<String, ParameterSpec> specs() {
    return Collections.unmodifiableMap(wholeModel);
  }

  /** What is here of a parameter; null if nothing. */
  @Nullable Parameter find(ParameterSpec spec) {
    return parameters.get(spec.name());
  }

  /**
   * A checkpoint of the values, each as it is when it is read. Where ranks share the model, all
   * read the same tensors together, and the first gets them.
   */
  public Checkpoint values() {
    return new PresentValues(this);
  }

  /**
   * A checkpoint of the whole model as it is now, for the first rank to write. Where ranks share
   * the model, all call it, and its numbers are copies.
   */
  public Checkpoint whole() {
    PresentValues values = new PresentValues(this);
    return share.isWhole() ? values : values.copy();
  }

  /**
   * The model of this rank's stage, for the ranks that share it to write together: one parameter
   * after the other, in the same order on each, whose tensors are read into arenas that are open to
   * all threads.
   */
  public Checkpoint gathered() {
    return new GatheredParameters(this);
  }

  /**
   * Whether Megatron-LM's pipeline would have the same parameters on each rank: stages of equally
   * many layers, one a rank, and the words on the last one too.
   */
  public boolean isDividedAsMegatron() {
    PipelineRank pipeline = share.pipeline();
    return !pipeline.isDivided()
        || (pipeline.chunks() == 1
            && pipeline.layers() % pipeline.size() == 0
            && wholeModel.containsKey(ParameterTable.DECODER_BIAS));
  }

  /** Frees values and gradients; the model must not be used after that. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      for (Block block : blocks) {
        block.value.close();
        if (block.gradient != null) {
          block.gradient.close();
        }
      }
    }
  }
}
