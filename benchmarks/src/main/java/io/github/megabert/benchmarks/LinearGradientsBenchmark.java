// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.ResidentMatrix;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The products of a layer in training, beside the forward product of packed weights, which is what
 * the others aim at. A call allocates nothing ({@code -prof gc}).
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 1)
public class LinearGradientsBenchmark {
  /** Rows × outputs × inputs: the layers of the 345M model. */
  @Param({
    "512x4096x1024",
    "1024x4096x1024",
    "512x1024x4096",
    "1024x1024x4096",
    "512x3072x1024",
    "1024x3072x1024",
    "512x1024x1024",
    "1024x1024x1024"
  })
  public String shape;

  /** CPU threads. */
  @Param({"1", "2"})
  public int threads;

  private final Arena arena = Arena.ofShared();
  private Backend backend;
  private Computation computation;
  private Backend.Linear packed;
  private Backend.Linear live;
  private ResidentMatrix weight;
  private ResidentMatrix bias;
  private ResidentMatrix weightGradient;
  private ResidentMatrix biasGradient;
  private Matrix x;
  private Matrix out;
  private Matrix outGradient;
  private Matrix inputGradient;
  private double operations;
  private double floats;

  /** Makes a packed layer and a trainable one. */
  @Setup
  public void open() {
    String[] extents = shape.split("x");
    int rows = Integer.parseInt(extents[0]);
    int outputs = Integer.parseInt(extents[1]);
    int inputs = Integer.parseInt(extents[2]);
    backend = Backends.open("vector", BackendOptions.DEFAULT.withThreads(threads));
    computation = backend.begin();
    Tensor values = RandomTensor.of(arena, outputs, inputs);
    packed = backend.linear(List.of(values), Collections.singletonList(null));
    weight = backend.resident(outputs, inputs);
    bias = backend.resident(1, outputs);
    weightGradient = backend.resident(outputs, inputs);
    biasGradient = backend.resident(1, outputs);
    int[] all = IntStream.range(0, outputs).toArray();
    computation.scatterRows(computation.upload(values), 0, all, weight);
    live = backend.linear(weight, bias);
    x = computation.upload(RandomTensor.of(arena, rows, inputs));
    outGradient = computation.upload(RandomTensor.of(arena, rows, outputs));
    out = computation.matrix(rows, outputs);
    inputGradient = computation.matrix(rows, inputs);
    operations = 2.0 * rows * outputs * inputs;
    floats = (double) outputs * inputs + (double) rows * (inputs + outputs);
  }

  /** {@code y = x·Wᵀ + b} of packed weights. */
  @Benchmark
  public void packed(Work work) {
    computation.linear(x, packed, Activation.IDENTITY, null, out);
    work.add(operations, floats);
  }

  /** {@code y = x·Wᵀ + b} of trainable weights. */
  @Benchmark
  public void live(Work work) {
    computation.linear(x, live, Activation.IDENTITY, null, out);
    work.add(operations, floats);
  }

  /** {@code dx = dy·W}. */
  @Benchmark
  public void input(Work work) {
    computation.gradients().linearInput(outGradient, live, false, inputGradient);
    work.add(operations, floats);
  }

  /** {@code dW += dyᵀ·x} and {@code db += Σ dy}. */
  @Benchmark
  public void parameters(Work work) {
    computation.gradients().linearParameters(outGradient, x, weightGradient, biasGradient);
    work.add(operations, floats);
  }

  /** Frees everything. */
  @TearDown
  public void close() {
    weight.close();
    bias.close();
    weightGradient.close();
    biasGradient.close();
    computation.close();
    backend.close();
    arena.close();
  }
}
