// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.backend.Backends;
import io.github.megabert.task.Batching;
import io.github.megabert.task.RequestBatcher;
import io.github.megabert.task.TextEmbedding;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

final class PlainJavaExample {
  private PlainJavaExample() {}

  static MegaBert open(Path folder) throws IOException {
    return MegaBert.builder()
        .backend(Backends.AUTO)
        .threads(4)
        .maxLength(256)
        .batching(Batching.DEFAULT.withTokenBudget(8192))
        .load(folder);
  }

  static void concurrentCallers(MegaBert bert, List<String> texts) {
    RequestBatcher.Options options =
        RequestBatcher.Options.DEFAULT
            .withLatency(Duration.ofMillis(5))
            .withDeadline(Duration.ofSeconds(2));
    try (var batcher =
        RequestBatcher.of(bert.textEmbedding(), TextEmbedding.Options.DEFAULT, options)) {
      List<CompletableFuture<TextEmbedding.Embedding>> results =
          texts.stream().map(batcher::submit).toList();
      for (CompletableFuture<TextEmbedding.Embedding> result : results) {
        System.out.println(result.join().vector()[0]);
      }
    }
  }
}
