// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.MegatronBertModel;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.parameters.ModelClass;
import java.io.IOException;
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
 * Callers of one small open model in a closed loop: how long each waits for its answer, the slowest
 * too. As many platform threads as {@code -t} says; virtual ones with {@code -jvmArgsAppend
 * -Djmh.executor=VIRTUAL}.
 */
@State(Scope.Benchmark)
@BenchmarkMode({Mode.SampleTime, Mode.Throughput})
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 4)
@Measurement(iterations = 3, time = 4)
public class CallersBenchmark {
  /** Tokens of a text. */
  @Param("32")
  public int length;

  private Backend backend;
  private MegatronBertModel model;
  private Batch batch;

  /** Opens the model. */
  @Setup
  public void open() throws IOException {
    backend = Backends.open("vector", BackendOptions.DEFAULT);
    MegatronBertConfig config = MegatronBertConfig.ofSizes(6, 256, 4, 1024, 8192, 512);
    model = MegatronBertModel.load(RandomCheckpoint.of(config, ModelClass.MODEL, 1), backend);
    int[] tokens = new int[length];
    for (int i = 0; i < length; i++) {
      tokens[i] = 1 + 37 * i % 1000;
    }
    batch = Batch.ofTokens(new int[][] {tokens});
  }

  /** One text. */
  @Benchmark
  public Object call() {
    return model.forward(batch, OutputOptions.NONE);
  }

  /** Frees everything. */
  @TearDown
  public void close() {
    backend.close();
  }
}
