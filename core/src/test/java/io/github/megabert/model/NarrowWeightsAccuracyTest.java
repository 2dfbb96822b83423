// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import io.github.megabert.parameters.ModelClass;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What weights of 16 and 8 bits cost in accuracy, on the layers of MegatronBERT-345M (24 of 1024,
 * random weights, a small vocabulary): the relative L2 distance of the last hidden states from
 * float32's. The long sequence takes other paths through the kernels than the short one.
 *
 * <p>Bfloat16 has 8 significant bits: rounding these weights, each by 1.7e-3 of itself in the mean
 * square, moves the hidden states by about 6e-3, whoever multiplies them.
 */
class NarrowWeightsAccuracyTest {
  private static final int VOCABULARY = 1000;
  private static final MegatronBertConfig CONFIG =
      MegatronBertConfig.ofSizes(24, 1024, 16, 4096, VOCABULARY, 512);
  private static final Batch SHORT = sequence(16);
  private static final Batch LONG = sequence(128);

  private static float[] shortInFloat32 = {};
  private static float[] longInFloat32 = {};

  private static Batch sequence(int length) {
    SplittableRandom random = new SplittableRandom(length);
    int[] ids = random.ints(length, 0, VOCABULARY).toArray();
    return Batch.ofTokens(ids);
  }

  private static MegatronBertModel load(Backend backend) {
    return MegatronBertModel.load(RandomCheckpoint.of(CONFIG, ModelClass.MODEL, 3), backend);
  }

  private static float[] hidden(MegatronBertModel model, Batch batch) {
    return model.forward(batch, OutputOptions.NONE).lastHiddenState().toFloatArray();
  }

  private static double relativeL2(float[] actual, float[] expected) {
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += Math.pow((double) actual[i] - expected[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    return Math.sqrt(difference / norm);
  }

  @BeforeAll
  static void float32() {
    try (Backend backend = Backends.open("vector", BackendOptions.DEFAULT)) {
      MegatronBertModel model = load(backend);
      shortInFloat32 = hidden(model, SHORT);
      longInFloat32 = hidden(model, LONG);
    }
  }

  @ParameterizedTest
  @CsvSource({"BF16, 8e-3", "F16, 5e-3", "INT8, 2e-2"})
  void hiddenStatesStayCloseToThoseOfFloat32(Precision precision, double tolerance) {
    try (Backend backend =
        Backends.open("vector", BackendOptions.DEFAULT.withPrecision(precision))) {
      MegatronBertModel model = load(backend);
      double shortError = relativeL2(hidden(model, SHORT), shortInFloat32);
      double longError = relativeL2(hidden(model, LONG), longInFloat32);
      assertTrue(shortError < tolerance && shortError > 0, "16 tokens: " + shortError);
      assertTrue(longError < tolerance && longError > 0, "128 tokens: " + longError);
    }
  }
}
