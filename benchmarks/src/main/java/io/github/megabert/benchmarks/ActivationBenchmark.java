// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.backend.Activation;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
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

/** A million activations, behind a product with one input, which takes a little of the time. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 1)
public class ActivationBenchmark {
  /** The function. */
  @Param({"IDENTITY", "GELU", "GELU_NEW", "TANH", "SILU", "MISH"})
  public Activation activation;

  /** CPU threads. */
  @Param({"1", "2"})
  public int threads;

  private final Arena arena = Arena.ofShared();
  private Backend backend;
  private Computation computation;
  private Backend.Linear linear;
  private Matrix x;
  private Matrix out;

  /** Makes the operands. */
  @Setup
  public void open() {
    backend = Backends.open("vector", BackendOptions.DEFAULT.withThreads(threads));
    computation = backend.begin();
    linear =
        backend.linear(List.of(RandomTensor.of(arena, 4096, 1)), Collections.singletonList(null));
    x = computation.upload(RandomTensor.of(arena, 256, 1));
    out = computation.matrix(256, 4096);
  }

  /** One call. */
  @Benchmark
  public void activate(Work work) {
    computation.linear(x, linear, activation, null, out);
    work.add(0, 256.0 * 4096);
  }

  /** Frees everything. */
  @TearDown
  public void close() {
    computation.close();
    backend.close();
    arena.close();
  }
}
