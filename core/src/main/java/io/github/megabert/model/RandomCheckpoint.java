package io.github.megabert.model;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import tools.jackson.databind.node.ObjectNode;

/**
 * A checkpoint of random weights, for benchmarks and tests: matrices uniform with the standard
 * deviation {@code initializer_range}, LayerNorm weights about 1, biases about 0. The same seed
 * gives the same weights. Tensors are made when asked for and freed when unreachable.
 */
public final class RandomCheckpoint implements Checkpoint {
  private final MegatronBertConfig config;
  private final String className;
  private final long seed;
  private final Map<String, Shape> shapes;

  private RandomCheckpoint(MegatronBertConfig config, String className, long seed) {
    this.config = config;
    this.className = className;
    this.seed = seed;
    shapes = ParameterShapes.of(config, className);
  }

  /**
   * Random weights for a class.
   *
   * @throws IllegalArgumentException if there is no such class
   */
  public static RandomCheckpoint of(MegatronBertConfig config, String className, long seed) {
    return new RandomCheckpoint(config, className, seed);
  }

  @Override
  public String source() {
    return "a model of random weights";
  }

  @Override
  public ObjectNode config() {
    ObjectNode json = config.toJson();
    json.putArray("architectures").add(className);
    return json;
  }

  @Override
  public Set<String> names() {
    return shapes.keySet();
  }

  @Override
  public DType dtype(String name) {
    shape(name);
    return DType.F32;
  }

  @Override
  public Shape shape(String name) {
    Shape shape = shapes.get(name);
    if (shape == null) {
      throw new IllegalArgumentException(source() + " has no tensor " + name);
    }
    return shape;
  }

  @Override
  public Tensor tensor(String name) {
    Tensor tensor = Tensor.allocate(Arena.ofAuto(), DType.F32, shape(name));
    SplittableRandom random = new SplittableRandom(seed ^ ((long) name.hashCode() << 20));
    float width = (float) (config.initializerRange() * Math.sqrt(12));
    boolean normWeight = name.endsWith("ln.weight") || name.endsWith("LayerNorm.weight");
    float centre = normWeight ? 1 : 0;
    for (long i = 0; i < tensor.elements(); i++) {
      float uniform = (random.nextInt() >>> 8) * 0x1p-24f - 0.5f;
      tensor.setFloat(i, centre + uniform * width);
    }
    return tensor;
  }

  @Override
  public void close() {}
}
