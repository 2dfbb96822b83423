// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.model.generation.GenerationOptions;
import io.github.megabert.task.TextGeneration;

final class TextGenerationExample {
  private TextGenerationExample() {}

  static void stream(MegaBert bert) {
    TextGeneration.Options options =
        TextGeneration.Options.DEFAULT
            .withGeneration(
                GenerationOptions.builder().maxNewTokens(30).sample(true).seed(7).build())
            .withStops(".");
    TextGeneration.Generated result =
        bert.textGeneration().stream("a dog is", options, System.out::print);
    System.out.println();
    System.out.println(result.reason());
  }
}
