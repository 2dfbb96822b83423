// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.parameters.ModelClass;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The random weights of a head that a checkpoint lacks. */
class MissingHeadTest {
  private static final String POOLER = "bert.pooler.dense.weight";
  private static final String CLASSIFIER = "classifier.weight";

  /** A parameter of a classifier that begins with a masked language model, which has no pooler. */
  private static float[] values(String name, long seed) throws IOException {
    try (Checkpoint checkpoint =
            Checkpoint.open(Fixtures.folder("transformers/MegatronBertForMaskedLM"));
        Backend backend = Backends.open("scalar", BackendOptions.DEFAULT);
        TrainableModel model =
            TrainableModel.load(
                checkpoint,
                backend,
                LoadOptions.ofClass(ModelClass.SEQUENCE_CLASSIFICATION).withMissingHead(seed),
                spec -> false)) {
      assertFalse(checkpoint.names().contains(name));
      return model.parameters().values().tensor(name).toFloatArray();
    }
  }

  @Test
  void everyParameterHasNumbersOfItsOwn() throws IOException {
    float[] pooler = values(POOLER, 5);
    float[] classifier = values(CLASSIFIER, 5);
    int shared = 0;
    for (float number : classifier) {
      for (float other : pooler) {
        shared += number == other ? 1 : 0;
      }
    }
    assertEquals(0, shared);
    double squares = 0;
    for (float number : pooler) {
      squares += (double) number * number;
    }
    assertEquals(0.02, Math.sqrt(squares / pooler.length), 0.002, "initializer_range");
  }

  @Test
  void theSeedDecidesThem() throws IOException {
    float[] first = values(CLASSIFIER, 5);
    assertTrue(Arrays.equals(first, values(CLASSIFIER, 5)));
    assertFalse(Arrays.equals(first, values(CLASSIFIER, 6)));
  }
}
