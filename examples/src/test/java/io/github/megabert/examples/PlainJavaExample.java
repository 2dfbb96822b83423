package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.Batching;
import io.github.megabert.task.RequestBatcher;
import io.github.megabert.task.TextEmbedding;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

final class PlainJavaExample {
  private PlainJavaExample() {}

  static MegaBert open(Path folder) throws IOException {
    return MegaBert.builder()
        .backend("auto")
        .threads(4)
        .maxLength(256)
        .batching(Batching.DEFAULT.withTokenBudget(8192))
        .load(folder);
  }

  static void concurrentCallers(MegaBert bert, List<String> texts)
      throws InterruptedException, ExecutionException {
    TextEmbedding embedding = bert.textEmbedding();
    try (var batcher =
            new RequestBatcher<String, TextEmbedding.Embedding>(
                batch -> embedding.applyAll(batch, TextEmbedding.Options.DEFAULT),
                String::length,
                new RequestBatcher.Options(Duration.ofMillis(5), 16_384));
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<TextEmbedding.Embedding>> results = new ArrayList<>();
      for (String text : texts) {
        results.add(threads.submit(() -> batcher.apply(text)));
      }
      for (Future<TextEmbedding.Embedding> result : results) {
        System.out.println(result.get().vector()[0]);
      }
    }
  }
}
