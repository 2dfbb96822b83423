// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Matrix;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
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
 * What a model does with rows beside products, attention and LayerNorm: 128 tokens of the 345M
 * model, 1024 columns wide, of a vocabulary of 29056. A call allocates nothing ({@code -prof gc}).
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 1)
public class RowsBenchmark {
  private static final int TOKENS = 128;
  private static final int HIDDEN = 1024;
  private static final int VOCABULARY = 29056;

  /** CPU threads. */
  @Param({"1", "2"})
  public int threads;

  private final Arena arena = Arena.ofShared();
  private Backend backend;
  private Computation computation;
  private Backend.Parameter words;
  private Backend.Parameter types;
  private Backend.Parameter positions;
  private final int[] tokenIds = new int[TOKENS];
  private final int[] typeIds = new int[TOKENS];
  private final int[] positionIds = new int[TOKENS];
  private Matrix hidden;
  private Matrix gathered;
  private Matrix logits;
  private Matrix losses;

  /** Makes the operands. */
  @Setup
  public void open() {
    backend = Backends.open("vector", BackendOptions.DEFAULT.withThreads(threads));
    computation = backend.begin();
    words = backend.parameter(RandomTensor.of(arena, VOCABULARY, HIDDEN));
    types = backend.parameter(RandomTensor.of(arena, 2, HIDDEN));
    positions = backend.parameter(RandomTensor.of(arena, 512, HIDDEN));
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < TOKENS; i++) {
      tokenIds[i] = random.nextInt(VOCABULARY);
      typeIds[i] = i * 2 / TOKENS;
      positionIds[i] = i;
    }
    hidden = computation.matrix(TOKENS, HIDDEN);
    gathered = computation.matrix(TOKENS, HIDDEN);
    logits = computation.upload(RandomTensor.of(arena, TOKENS, VOCABULARY));
    losses = computation.matrix(TOKENS, 1);
  }

  /** The sums of three embeddings. */
  @Benchmark
  public void embed(Work work) {
    computation.embed(tokenIds, typeIds, positionIds, words, types, positions, hidden);
    work.add(0, 4.0 * TOKENS * HIDDEN);
  }

  /** Rows in another order. */
  @Benchmark
  public void gatherRows(Work work) {
    computation.gatherRows(hidden, positionIds, gathered);
    work.add(0, 2.0 * TOKENS * HIDDEN);
  }

  /** Losses of labels of a vocabulary. */
  @Benchmark
  public void crossEntropy(Work work) {
    computation.crossEntropy(logits, tokenIds, losses);
    work.add(0, (double) TOKENS * VOCABULARY);
  }

  /** Frees everything. */
  @TearDown
  public void close() {
    computation.close();
    backend.close();
    arena.close();
  }
}
