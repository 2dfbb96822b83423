// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.tensor.Workers;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What a parallel loop costs when its iterations do nothing. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class WorkersBenchmark {
  private final Workers workers = new Workers(2);
  private final Workers.Task nothing = index -> {};

  /** Starts nothing: the team is made with the state. */
  @Setup
  public void warm() {
    workers.run(2, nothing);
  }

  /** A loop of two empty iterations on two threads. */
  @Benchmark
  public void fork() {
    workers.run(2, nothing);
  }

  /** Ends the team. */
  @TearDown
  public void close() {
    workers.close();
  }
}
