// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.TestBackends;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.model.TrainableModel;
import io.github.megabert.parameters.ModelClass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run leaves that fails. */
class FailedRunTest {
  private static final MegatronBertConfig CONFIG = MegatronBertConfig.ofSizes(1, 8, 2, 8, 11, 8);

  @TempDir private Path parent;

  /** Good examples, but for the one that fails. */
  private record Texts(int failing) implements Dataset {
    @Override
    public int size() {
      return 4;
    }

    @Override
    public Part batch(int epoch, int[] examples) {
      if (examples[0] == failing) {
        throw new IllegalArgumentException("a text that does not fit");
      }
      return new Part(Batch.ofTokens(new int[] {1, 2}), new Labels.OfTokens(new int[] {3, 4}));
    }
  }

  private TrainingResult train(Path output, int failing) throws IOException {
    try (Backend backend = Backends.open("scalar", TestBackends.options());
        RandomCheckpoint weights = RandomCheckpoint.of(CONFIG, ModelClass.MASKED_LM, 1);
        TrainableModel model =
            TrainableModel.load(weights, backend, LoadOptions.DEFAULT, spec -> false)) {
      TrainingOptions options = TrainingOptions.DEFAULT.withBatchSize(1).withEpochs(1);
      return new Trainer(model, new Texts(failing), options.inOrder()).run(output);
    }
  }

  @Test
  void aRunThatFailsBeforeItsFirstStepLeavesNoFolder() throws IOException {
    Path output = parent.resolve("run");
    assertThrows(IllegalArgumentException.class, () -> train(output, 0));
    assertFalse(Files.exists(output));
    assertEquals(4, train(output, -1).steps());
  }

  @Test
  void whatALaterFailureLeavesStays() {
    Path output = parent.resolve("run");
    assertThrows(IllegalArgumentException.class, () -> train(output, 2));
    assertTrue(Files.exists(output.resolve("metrics.jsonl")));
  }
}
