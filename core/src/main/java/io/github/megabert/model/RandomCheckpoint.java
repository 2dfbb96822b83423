// SPDX-License-Identifier: Apache-2.0
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
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint of random weights: those that pre-training begins with, or others for benchmarks and
 * tests. The same seed gives the same weights. Tensors are made when asked for and freed when
 * unreachable.
 */
public final class RandomCheckpoint implements Checkpoint {
  /** Spreads seeds that are near each other. */
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  /** Numbers that one thread draws in a row. */
  private static final long BLOCK = 1 << 16;

  private final MegatronBertConfig config;
  private final ModelClass modelClass;
  private final long seed;
  private final boolean initial;
  private final ParameterTable table;

  private RandomCheckpoint(
      MegatronBertConfig config, ModelClass modelClass, long seed, boolean initial) {
    this.config = config;
    this.modelClass = modelClass;
    this.seed = seed;
    this.initial = initial;
    table = ParameterTable.of(config.sizes(), modelClass);
  }

  /**
   * Random weights for a class, made fast: matrices uniform with the standard deviation {@code
   * initializer_range}, LayerNorm weights about 1, biases about 0.
   */
  public static RandomCheckpoint of(MegatronBertConfig config, ModelClass modelClass, long seed) {
    return new RandomCheckpoint(config, modelClass, seed, false);
  }

  /**
   * The weights that pre-training begins with, as Megatron-LM initialises them (M. Shoeybi et al.,
   * 2019, section 4): tables and matrices normal with the standard deviation {@code
   * initializer_range}, those whose output is added to the hidden states with that divided by √(2 ·
   * layers); LayerNorms the identity, biases 0.
   */
  public static RandomCheckpoint initial(
      MegatronBertConfig config, ModelClass modelClass, long seed) {
    return new RandomCheckpoint(config, modelClass, seed, true);
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
    ParameterSpec spec = table.get(name);
    Tensor tensor = Tensor.allocate(Arena.ofAuto(), DType.F32, spec.shape());
    if (initial) {
      initialize(tensor, spec);
    } else {
      fill(tensor, spec);
    }
    return tensor;
  }

  private void fill(Tensor tensor, ParameterSpec spec) {
    SplittableRandom random = new SplittableRandom(seed ^ ((long) spec.name().hashCode() << 20));
    float width = (float) (config.initializerRange() * Math.sqrt(12));
    float centre = spec.kind() == ParameterSpec.Kind.NORM_WEIGHT ? 1 : 0;
    for (long i = 0; i < tensor.elements(); i++) {
      float uniform = (random.nextInt() >>> 8) * 0x1p-24f - 0.5f;
      tensor.setFloat(i, centre + uniform * width);
    }
  }

  private void initialize(Tensor tensor, ParameterSpec spec) {
    double mean = spec.kind() == ParameterSpec.Kind.NORM_WEIGHT ? 1 : 0;
    double deviation =
        switch (spec.kind()) {
          case EMBEDDING, MATRIX -> config.initializerRange();
          case OUTPUT_MATRIX ->
              config.initializerRange() / Math.sqrt(2.0 * config.numHiddenLayers());
          case BIAS, NORM_WEIGHT, NORM_BIAS -> 0;
        };
    long tensorSeed = seed * GOLDEN ^ ((long) spec.name().hashCode() << 32);
    LongStream.range(0, Math.ceilDiv(tensor.elements(), BLOCK))
        .parallel()
        .forEach(
            block -> {
              // Of its own, so that any number of threads give the same weights; and hashed, as
              // seeds that differ by a multiple of GOLDEN would give parts of one sequence.
              long blockSeed = new SplittableRandom(tensorSeed ^ block).nextLong();
              SplittableRandom random = new SplittableRandom(blockSeed);
              long end = Math.min(tensor.elements(), (block + 1) * BLOCK);
              for (long i = block * BLOCK; i < end; i++) {
                double value = deviation == 0 ? mean : random.nextGaussian(mean, deviation);
                tensor.setFloat(i, (float) value);
              }
            });
  }

  @Override
  public void close() {}
}
