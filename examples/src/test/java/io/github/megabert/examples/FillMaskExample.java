// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.FillMask;
import java.io.IOException;

final class FillMaskExample {
  private FillMaskExample() {}

  public static void main(String[] args) throws IOException {
    try (MegaBert bert = MegaBert.demo()) {
      FillMask fillMask = bert.fillMask();
      for (FillMask.Candidate candidate : fillMask.best("a dog is a domesticated [MASK].", 5)) {
        System.out.println(candidate.score() + "  " + candidate.token());
      }
    }
  }

  static void severalMasks(FillMask fillMask) {
    FillMask.Options options = FillMask.Options.DEFAULT.withTopK(2).withTargets("animal", "plant");
    for (FillMask.Mask mask : fillMask.apply("a [MASK] is not a [MASK].", options).masks()) {
      System.out.println(mask.span().start() + " " + mask.best().sequence());
    }
  }
}
