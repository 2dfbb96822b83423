// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.FillMask;
import java.io.IOException;
import java.nio.file.Path;

final class ReadmeExample {
  private ReadmeExample() {}

  static void fillMask() throws IOException {
    try (MegaBert bert = MegaBert.load(Path.of("my-model"))) {
      for (FillMask.Candidate candidate :
          bert.fillMask().best("a dog is a domesticated [MASK].", 5)) {
        System.out.println(candidate.token() + " " + candidate.score());
      }
    }
  }
}
