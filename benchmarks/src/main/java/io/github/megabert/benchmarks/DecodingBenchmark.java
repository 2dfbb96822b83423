// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import io.github.megabert.model.Batch;
import io.github.megabert.model.KeyValueCache;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.MegatronBertForCausalLM;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tensor.Tensor;
import java.util.Random;
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

/** Tokens a second of a decoder with a key-value cache, after so many tokens; 24 layers × 1024. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class DecodingBenchmark {
  /** Tokens that the cache holds already. */
  @Param({"16", "128", "400"})
  public int length;

  /** Storage of the weights. */
  @Param("F32")
  public Precision precision;

  private Backend backend;
  private MegatronBertForCausalLM model;
  private KeyValueCache cache;
  private Batch token;

  /** Makes a model of random weights and fills its cache. */
  @Setup
  public void open() {
    backend = Backends.open("vector", BackendOptions.DEFAULT.withPrecision(precision));
    MegatronBertConfig config = MegatronBertConfig.ofSizes(24, 1024, 16, 4096, 29056, 512);
    model =
        MegatronBertForCausalLM.load(RandomCheckpoint.of(config, ModelClass.CAUSAL_LM, 1), backend);
    cache = model.newCache(1, 512);
    Random random = new Random(2);
    int[] prompt = random.ints(length, 0, 29056).toArray();
    model.step(Batch.ofTokens(prompt), cache);
    token =
        new Batch(
            new int[] {0, 1},
            new int[] {random.nextInt(29056)},
            new int[1],
            new int[] {length},
            null,
            null,
            null);
  }

  /** One more token. */
  @Benchmark
  public Tensor step() {
    cache.truncate(length);
    return model.step(token, cache);
  }

  /** Frees the model. */
  @TearDown
  public void close() {
    cache.close();
    backend.close();
  }
}
