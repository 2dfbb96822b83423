// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.parameters.ModelClass;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Any number of threads may use one model. */
class SharedModelTest {
  private static final MegatronBertConfig CONFIG =
      MegatronBertConfig.ofSizes(3, 64, 4, 160, 101, 64);

  static List<String> backends() {
    return TransformersFixturesTest.backends();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void eightThreadsGetWhatOneThreadGetsBitForBit(String backendName) throws Exception {
    List<Batch> batches = batches(40);
    try (Backend alone = Backends.open(backendName, BackendOptions.DEFAULT.withThreads(1));
        Backend shared = Backends.open(backendName, BackendOptions.DEFAULT.withThreads(2));
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      MegatronBertForMaskedLM single = MegatronBertForMaskedLM.load(checkpoint(), alone);
      MegatronBertForMaskedLM common = MegatronBertForMaskedLM.load(checkpoint(), shared);
      List<Callable<float[]>> calls = new ArrayList<>();
      for (int repeat = 0; repeat < 3; repeat++) {
        for (Batch batch : batches) {
          calls.add(() -> common.forward(batch, null, OutputOptions.NONE).logits().toFloatArray());
        }
      }
      List<Future<float[]>> results = threads.invokeAll(calls);
      assertEquals(120, results.size());
      for (int i = 0; i < results.size(); i++) {
        float[] expected =
            single
                .forward(batches.get(i % batches.size()), null, OutputOptions.NONE)
                .logits()
                .toFloatArray();
        assertArrayEquals(expected, results.get(i).get(), "call " + i);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aSequenceInARaggedBatchGetsWhatItGetsAlone(String backendName) {
    List<Batch> batches = batches(12);
    int[][] sequences = batches.stream().map(Batch::tokenIds).toArray(int[][]::new);
    try (Backend backend = Backends.open(backendName, BackendOptions.DEFAULT)) {
      MegatronBertModel model =
          MegatronBertModel.load(RandomCheckpoint.of(CONFIG, ModelClass.MODEL, 5), backend);
      ModelOutput.Base together = model.forward(Batch.ofTokens(sequences), OutputOptions.NONE);
      int row = 0;
      for (int[] sequence : sequences) {
        ModelOutput.Base single = model.forward(Batch.ofTokens(sequence), OutputOptions.NONE);
        TensorAssertions.assertClose(
            "sequence of " + sequence.length,
            single.lastHiddenState(),
            together.lastHiddenState().rows(row, row + sequence.length),
            1e-6);
        row += sequence.length;
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void headsOfOneCheckpointShareTheirLayers(String backendName) {
    try (Backend backend = Backends.open(backendName, BackendOptions.DEFAULT)) {
      ModelLoader loader =
          new ModelLoader(RandomCheckpoint.of(CONFIG, ModelClass.PRE_TRAINING, 5), backend);
      MegatronBert masked = loader.load(LoadOptions.ofClass(ModelClass.MASKED_LM));
      MegatronBert pairs = loader.load(LoadOptions.ofClass(ModelClass.NEXT_SENTENCE));
      assertSame(masked.backend(), pairs.backend());
    }
  }

  private static RandomCheckpoint checkpoint() {
    return RandomCheckpoint.of(CONFIG, ModelClass.MASKED_LM, 5);
  }

  /** Batches of one sequence each, of 1 to 64 tokens. */
  private static List<Batch> batches(int count) {
    Random random = new Random(7);
    List<Batch> batches = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] tokens = new int[1 + random.nextInt(64)];
      for (int t = 0; t < tokens.length; t++) {
        tokens[t] = random.nextInt(101);
      }
      batches.add(Batch.ofTokens(tokens));
    }
    return batches;
  }
}
