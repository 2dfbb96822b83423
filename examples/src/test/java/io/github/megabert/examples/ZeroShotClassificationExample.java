// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.ZeroShotClassification;

final class ZeroShotClassificationExample {
  private ZeroShotClassificationExample() {}

  static void topics(MegaBert bert) {
    ZeroShotClassification classifier = bert.zeroShotClassification();
    ZeroShotClassification.Options options =
        ZeroShotClassification.Options.DEFAULT.withTemplate("This text is about {}.");
    var topics = classifier.among("politics", "travel", "food");
    ZeroShotClassification.Classification result =
        topics.apply("Angela Merkel visited Paris.", options);
    result.labels().forEach(label -> System.out.println(label.label() + " " + label.score()));
  }
}
