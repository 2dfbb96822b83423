// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import java.lang.foreign.Arena;
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

/** LayerNorm of the hidden states of 128 tokens. A call allocates nothing ({@code -prof gc}). */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 1)
public class LayerNormBenchmark {
  /** Columns. */
  @Param({"256", "1024"})
  public int hidden;

  /** CPU threads. */
  @Param({"1", "2"})
  public int threads;

  private final Arena arena = Arena.ofShared();
  private Backend backend;
  private Computation computation;
  private Backend.Parameter weight;
  private Matrix x;
  private Matrix out;

  /** Makes the operands. */
  @Setup
  public void open() {
    backend = Backends.open("vector", BackendOptions.DEFAULT.withThreads(threads));
    computation = backend.begin();
    weight = backend.parameter(RandomTensor.of(arena, hidden));
    x = computation.upload(RandomTensor.of(arena, 128, hidden));
    out = computation.matrix(128, hidden);
  }

  /** One call. */
  @Benchmark
  public void normalize(Work work) {
    computation.layerNorm(x, weight, weight, 1e-12f, out);
    work.add(0, 2.0 * 128 * hidden);
  }

  /** Frees everything. */
  @TearDown
  public void close() {
    computation.close();
    backend.close();
    arena.close();
  }
}
