package io.github.megabert.model;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ParameterSpec;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint of random weights, for benchmarks and tests: matrices uniform with the standard
 * deviation {@code initializer_range}, LayerNorm weights about 1, biases about 0. The same seed
 * gives the same weights. Tensors are made when asked for and freed when unreachable.
 */
public final class RandomCheckpoint implements Checkpoint {
  private final MegatronBertConfig config;
  private final ModelClass modelClass;
  private final long seed;
  private final ParameterTable table;

  private RandomCheckpoint(MegatronBertConfig config, ModelClass modelClass, long seed) {
    this.config = config;
    this.modelClass = modelClass;
    this.seed = seed;
    table = ParameterTable.of(config.sizes(), modelClass);
  }

  /** Random weights for a class. */
  public static RandomCheckpoint of(MegatronBertConfig config, ModelClass modelClass, long seed) {
    return new RandomCheckpoint(config, modelClass, seed);
  }

  @Override
  public String source() {
    return "a model of random weights";
  }

  @Override
  public Map<String, @Nullable Object> config() {
    return config.with("architectures", List.of(modelClass.className(config.family()))).toMap();
  }

  @Override
  public Set<String> names() {
    return table.names();
  }

  @Override
  public DType dtype(String name) {
    shape(name);
    return DType.F32;
  }

  @Override
  public Shape shape(String name) {
    return table.get(name).shape();
  }

  @Override
  public Tensor tensor(String name) {
    Tensor tensor = Tensor.allocate(Arena.ofAuto(), DType.F32, shape(name));
    SplittableRandom random = new SplittableRandom(seed ^ ((long) name.hashCode() << 20));
    float width = (float) (config.initializerRange() * Math.sqrt(12));
    float centre = table.get(name).kind() == ParameterSpec.Kind.NORM_WEIGHT ? 1 : 0;
    for (long i = 0; i < tensor.elements(); i++) {
      float uniform = (random.nextInt() >>> 8) * 0x1p-24f - 0.5f;
      tensor.setFloat(i, centre + uniform * width);
    }
    return tensor;
  }

  @Override
  public void close() {}
}
