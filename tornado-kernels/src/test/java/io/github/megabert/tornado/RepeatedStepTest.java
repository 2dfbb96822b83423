// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Computation;
import io.github.megabert.backend.Tape;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.Loss;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.model.Regularization;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tornado.recording.Programs;
import io.github.megabert.train.optim.AdamW;
import io.github.megabert.train.optim.AdamWOptions;
import org.junit.jupiter.api.Test;

/** Steps of one size run what the first one made, whatever their seeds, rates and labels. */
class RepeatedStepTest {
  private static final int TOKENS = 24;

  @Test
  void repeatedStepMakesNothing() {
    MegatronBertConfig config = MegatronBertConfig.ofSizes(2, 128, 2, 256, 100, 64);
    try (TornadoBackend device =
            (TornadoBackend) new TornadoBackendProvider().open(BackendOptions.DEFAULT);
        RandomCheckpoint weights = RandomCheckpoint.of(config, ModelClass.TOKEN_CLASSIFICATION, 1);
        TrainableModel model =
            TrainableModel.load(weights, device, LoadOptions.DEFAULT, spec -> false);
        AdamW optimizer = new AdamW(model.parameters(), AdamWOptions.DEFAULT)) {
      assertEquals(0, device.programs().made().programs(), "loading runs no program");
      step(model, optimizer, 0);
      Programs.Made made = device.programs().made();
      assertEquals(3, made.programs(), "both passes, the norm and the update");
      assertTrue(made.kernels() < 110, "two layers share their kernels: " + made);
      for (int step = 1; step < 5; step++) {
        step(model, optimizer, step);
      }
      assertEquals(made, device.programs().made());
    }
  }

  private static void step(TrainableModel model, AdamW optimizer, int step) {
    int[] tokens = new int[TOKENS];
    int[] classes = new int[TOKENS];
    for (int i = 0; i < TOKENS; i++) {
      tokens[i] = (7 * i + step) % 100;
      classes[i] = tokens[i] % 2;
    }
    Regularization with = new Regularization(0.1, 0.1, 0.1, 0, 3, step, 0, 0, 0);
    try (Tape tape = new Tape(model.parameters().backend().begin(), model.parameters(), false)) {
      model.parameters().clearGradients(tape);
      Loss recorded =
          model
              .model()
              .loss(tape, Batch.ofTokens(new int[][] {tokens}), new Labels.OfTokens(classes), with);
      recorded.backward(tape, 1);
      double loss = recorded.read(tape);
      assertTrue(loss > 0 && loss < 2, "a loss of two classes: " + loss);
    }
    try (Computation computation = model.parameters().backend().begin()) {
      double norm = optimizer.step(computation, 40.0 / (step + 1));
      assertTrue(norm > 0);
      computation.finish();
    }
  }
}
