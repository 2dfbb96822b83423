// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.TestBackends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ModelFamily;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** BERT as a decoder: cross-attention, and keys and values kept between passes. */
class BertDecoderTest {
  private static final MegatronBertConfig CONFIG =
      MegatronBertConfig.ofSizes(ModelFamily.BERT, 3, 32, 4, 72, 50, 16)
          .with("is_decoder", true)
          .with("add_cross_attention", true)
          .with("initializer_range", 0.2);

  static List<String> backends() {
    return TestBackends.names();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void crossAttentionIsThatOfTheFormulas(String backendName) throws IOException {
    int[] ids = {2, 41, 7, 19, 3};
    double[][] states = new double[7][CONFIG.hiddenSize()];
    Random random = new Random(5);
    try (Checkpoint weights = RandomCheckpoint.of(CONFIG, ModelClass.MODEL, 9);
        Backend backend = Backends.open(backendName, TestBackends.options());
        Arena arena = Arena.ofConfined()) {
      Tensor encoder =
          Tensor.allocate(arena, DType.F32, Shape.of(1, states.length, CONFIG.hiddenSize()));
      for (int t = 0; t < states.length; t++) {
        for (int c = 0; c < states[t].length; c++) {
          float value = (float) random.nextGaussian();
          states[t][c] = value;
          encoder.setFloat((long) t * states[t].length + c, value);
        }
      }
      double[][] expected = new PlainBertDecoder(weights, CONFIG).run(ids, states);
      Tensor actual =
          MegatronBertModel.load(weights, backend)
              .forward(Batch.ofTokens(ids).withEncoder(encoder, null), OutputOptions.NONE)
              .lastHiddenState();
      double difference = 0;
      double norm = 0;
      for (int t = 0; t < expected.length; t++) {
        for (int c = 0; c < expected[t].length; c++) {
          double d = actual.getFloat((long) t * expected[t].length + c) - expected[t][c];
          difference += d * d;
          norm += expected[t][c] * expected[t][c];
        }
      }
      double error = Math.sqrt(difference / norm);
      assertTrue(error <= TestBackends.relativeBound(), "off by " + error);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void keptKeysAndValuesGiveTheLogitsOfTheWholeText(String backendName) throws IOException {
    int[] ids = {2, 41, 7, 19, 3, 88};
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder("bert/BertLMHeadModel"));
        Backend backend = Backends.open(backendName, TestBackends.options())) {
      MegatronBertForCausalLM model =
          (MegatronBertForCausalLM) MegatronBert.load(checkpoint, backend, LoadOptions.DEFAULT);
      Tensor whole = model.forward(Batch.ofTokens(ids), null, OutputOptions.NONE).logits();
      float[] expected = whole.rows(ids.length - 1, ids.length).toFloatArray();
      try (KeyValueCache cache = model.newCache(1, ids.length)) {
        model.step(Batch.ofTokens(Arrays.copyOf(ids, 4)), cache);
        int[] rest = {ids[4], ids[5]};
        Tensor last =
            model.step(
                new Batch(new int[] {0, 2}, rest, new int[2], new int[] {4, 5}, null, null, null),
                cache);
        assertEquals(0, relativeError(expected, last.toFloatArray()), TestBackends.relativeBound());
      }
    }
  }

  private static double relativeError(float[] expected, float[] actual) {
    assertEquals(expected.length, actual.length, Arrays.toString(actual));
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += Math.pow((double) expected[i] - actual[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    return Math.sqrt(difference / norm);
  }
}
