// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import java.io.IOException;

final class PullExample {
  private PullExample() {}

  static void embed() throws IOException {
    try (MegaBert bert = MegaBert.builder().pull("sentence-transformers/all-MiniLM-L6-v2")) {
      System.out.println(bert.textEmbedding().apply("a dog").vector().length);
    }
  }
}
