// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.backend.AttentionLayout;
import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Gradients;
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

/**
 * Attention of 16 heads of 64 columns, and its adjoint, which has two and a half times the
 * products. A call allocates nothing ({@code -prof gc}).
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 1)
public class AttentionBenchmark {
  /** Sequences × queries × keys: whole sequences, and one query over a cache. */
  @Param({"1x128x128", "8x128x128", "1x512x512", "1x2048x2048", "1x1x512"})
  public String shape;

  /** CPU threads. */
  @Param({"1", "2"})
  public int threads;

  private final Arena arena = Arena.ofShared();
  private Backend backend;
  private Computation computation;
  private Gradients gradients;
  private AttentionLayout layout;
  private Matrix queries;
  private Matrix keysAndValues;
  private Matrix out;
  private Matrix dOut;
  private Matrix dQueries;
  private Matrix dKeysAndValues;
  private double operations;
  private double floats;

  /** Makes the operands. */
  @Setup
  public void open() {
    backend = Backends.open("vector", BackendOptions.DEFAULT.withThreads(threads));
    computation = backend.begin();
    String[] extents = shape.split("x");
    int sequences = Integer.parseInt(extents[0]);
    int queryLength = Integer.parseInt(extents[1]);
    int keyLength = Integer.parseInt(extents[2]);
    int[] queryStart = new int[sequences];
    int[] keyStart = new int[sequences];
    int[] queryLengths = new int[sequences];
    int[] keyLengths = new int[sequences];
    for (int b = 0; b < sequences; b++) {
      queryStart[b] = b * queryLength;
      keyStart[b] = b * keyLength;
      queryLengths[b] = queryLength;
      keyLengths[b] = keyLength;
    }
    layout =
        new AttentionLayout(16, 64, false, queryStart, queryLengths, keyStart, keyLengths, null);
    queries = computation.upload(RandomTensor.of(arena, sequences * queryLength, 1024));
    keysAndValues = computation.upload(RandomTensor.of(arena, sequences * keyLength, 2048));
    out = computation.matrix(sequences * queryLength, 1024);
    computation.attention(layout, queries, 0, keysAndValues, 0, keysAndValues, 1024, out, null);
    dOut = computation.upload(RandomTensor.of(arena, sequences * queryLength, 1024));
    dQueries = computation.matrix(sequences * queryLength, 1024);
    dKeysAndValues = computation.matrix(sequences * keyLength, 2048);
    gradients = computation.gradients();
    gradients.clear(dQueries);
    gradients.clear(dKeysAndValues);
    operations = 4.0 * sequences * queryLength * keyLength * 1024;
    floats = 2048.0 * sequences * (queryLength + keyLength);
  }

  /** One call. */
  @Benchmark
  public void attend(Work work) {
    computation.attention(layout, queries, 0, keysAndValues, 0, keysAndValues, 1024, out, null);
    work.add(operations, floats);
  }

  /** One call of the adjoint. */
  @Benchmark
  public void differentiate(Work work) {
    gradients.attention(
        layout,
        queries,
        0,
        keysAndValues,
        0,
        keysAndValues,
        1024,
        null,
        out,
        dOut,
        dQueries,
        dKeysAndValues,
        dKeysAndValues);
    work.add(2.5 * operations, 2 * floats);
  }

  /** Frees everything. */
  @TearDown
  public void close() {
    computation.close();
    backend.close();
    arena.close();
  }
}
