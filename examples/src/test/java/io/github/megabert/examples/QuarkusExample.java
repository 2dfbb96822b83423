// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.FillMask;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.List;

final class QuarkusExample {
  private QuarkusExample() {}

  @ApplicationScoped
  static class ModelProducer {
    @Produces
    @Singleton
    MegaBert open() throws IOException {
      return MegaBert.demo();
    }

    void close(@Disposes MegaBert bert) {
      bert.close();
    }
  }

  @ApplicationScoped
  static class WordService {
    @Inject MegaBert bert;

    List<String> words(String text) {
      return bert.fillMask().best(text, 5).stream().map(FillMask.Candidate::token).toList();
    }
  }
}
