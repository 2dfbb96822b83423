// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertForSequenceClassification;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;

final class GpuExample {
  private GpuExample() {}

  static Tensor classify(int[] ids) throws IOException {
    try (Backend gpu =
            Backends.open(Backends.TORNADO, BackendOptions.DEFAULT.withPrecision(Precision.F16));
        Checkpoint checkpoint = Checkpoint.open(Path.of("model"))) {
      var model = MegatronBertForSequenceClassification.load(checkpoint, gpu);
      return model.forward(Batch.ofTokens(ids), null, OutputOptions.NONE).logits();
    }
  }
}
