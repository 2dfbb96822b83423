// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.IOException;

/**
 * A small model of random weights, large enough for its answers to differ, for tasks without a
 * recorded one.
 */
final class RandomModels implements AutoCloseable {
  final BertTokenizer tokenizer;
  private final Backend backend;

  RandomModels(String backendName) throws IOException {
    tokenizer = PipelineFixtures.tokenizer();
    backend = Backends.open(backendName, BackendOptions.DEFAULT);
  }

  <T extends MegatronBert> T load(Class<T> type) {
    MegatronBertConfig config =
        MegatronBertConfig.ofSizes(2, 32, 2, 64, tokenizer.vocabularySize(), 64)
            .with("initializer_range", 0.3);
    RandomCheckpoint checkpoint =
        RandomCheckpoint.of(config, ModelClass.of(type.getSimpleName()), 7);
    return type.cast(MegatronBert.load(checkpoint, backend, LoadOptions.DEFAULT));
  }

  @Override
  public void close() {
    backend.close();
  }
}
