// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.peers;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.backend.Precision;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertModel;
import io.github.megabert.model.OutputOptions;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/** This project. */
final class MegaBertEngine implements Engine {
  private final Checkpoint checkpoint;
  private final Backend backend;
  private final MegatronBertModel model;

  MegaBertEngine(Path folder, int threads, Precision precision) throws IOException {
    checkpoint = Checkpoint.open(folder);
    backend = Backends.open("vector", new BackendOptions(threads, precision, 0));
    model = MegatronBertModel.load(checkpoint, backend);
  }

  @Override
  public String name() {
    return "MegaBERT " + backend.precision().optionName();
  }

  @Override
  public float[] forward(int[][] sequences) {
    return model
        .forward(Batch.ofTokens(sequences), OutputOptions.NONE)
        .lastHiddenState()
        .segment()
        .toArray(ValueLayout.JAVA_FLOAT);
  }

  @Override
  public void close() {
    backend.close();
    checkpoint.close();
  }
}
