// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.LongText;
import io.github.megabert.task.TextClassification;
import io.github.megabert.task.TextPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

final class TextClassificationExample {
  private TextClassificationExample() {}

  static void oneText(MegaBert bert) {
    TextClassification classifier = bert.textClassification();
    TextClassification.Classification result = classifier.apply("What a wonderful hotel!");
    System.out.println(result.best().label() + " " + result.best().score());
  }

  static void aPair(TextClassification classifier) {
    TextClassification.Options options =
        TextClassification.Options.DEFAULT
            .withTopK(TextClassification.Options.ALL)
            .withLongText(LongText.TRUNCATE);
    TextClassification.Classification result =
        classifier.apply(TextPair.of("It rains.", "The street is wet."), options);
    result.labels().forEach(label -> System.out.println(label.label() + " " + label.score()));
    if (result.truncatedTokens() > 0) {
      System.out.println(result.truncatedTokens() + " tokens did not fit");
    }
  }

  static void aMillionLines(TextClassification classifier, Path file) throws IOException {
    try (Stream<String> lines = Files.lines(file)) {
      classifier.stream(lines).forEach(result -> System.out.println(result.best().label()));
    }
  }
}
