// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import io.github.megabert.backend.Precision;
import io.github.megabert.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
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

/** The matrix kernel: {@code y = x·Wᵀ + b}. A call allocates nothing ({@code -prof gc}). */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 1)
public class GemmBenchmark {
  /** Rows × outputs × inputs: the shape of design.md, then those of the 345M model. */
  @Param({
    "504x4096x1024",
    "128x3072x1024",
    "128x1024x1024",
    "128x4096x1024",
    "128x1024x4096",
    "129x1024x1024",
    "13x1024x1024",
    "7x1024x1024",
    "1x1024x1024"
  })
  public String shape;

  /** CPU threads. */
  @Param({"1", "2"})
  public int threads;

  /** Storage of the weights. */
  @Param("F32")
  public Precision precision;

  private final Arena arena = Arena.ofShared();
  private Backend backend;
  private Computation computation;
  private Backend.Linear linear;
  private Matrix x;
  private Matrix out;
  private double operations;
  private double floats;

  /** Packs the weights. */
  @Setup
  public void open() {
    String[] extents = shape.split("x");
    int rows = Integer.parseInt(extents[0]);
    int outputs = Integer.parseInt(extents[1]);
    int inputs = Integer.parseInt(extents[2]);
    backend = Backends.open("vector", new BackendOptions(threads, precision, 0));
    computation = backend.begin();
    Tensor weight = RandomTensor.of(arena, outputs, inputs);
    linear = backend.linear(List.of(weight), Collections.singletonList(null));
    x = computation.upload(RandomTensor.of(arena, rows, inputs));
    out = computation.matrix(rows, outputs);
    operations = 2.0 * rows * outputs * inputs;
    floats = (double) outputs * inputs + (double) rows * (inputs + outputs);
  }

  /** One product. */
  @Benchmark
  public void multiply(Work work) {
    computation.linear(x, linear, Activation.IDENTITY, null, out);
    work.add(operations, floats);
  }

  /** Frees everything. */
  @TearDown
  public void close() {
    computation.close();
    backend.close();
    arena.close();
  }
}
