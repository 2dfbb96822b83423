// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TokenClassification;
import io.github.megabert.task.TokenClassification.Aggregation;
import io.github.megabert.task.TokenClassification.Entity;

final class TokenClassificationExample {
  private TokenClassificationExample() {}

  static void names(MegaBert bert, String text) {
    TokenClassification.Options options =
        TokenClassification.Options.DEFAULT.withAggregation(Aggregation.AVERAGE).withWindows(16);
    for (Entity entity : bert.tokenClassification().apply(text, options).entities()) {
      System.out.println(entity.label() + "  " + entity.span().of(text));
    }
  }
}
