package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.task.ZeroShotClassification;
import java.util.List;

final class ZeroShotClassificationExample {
  private ZeroShotClassificationExample() {}

  static void topics(MegaBert bert) {
    ZeroShotClassification classifier = bert.zeroShotClassification();
    ZeroShotClassification.Options options =
        ZeroShotClassification.Options.DEFAULT.withTemplate("This text is about {}.");
    ZeroShotClassification.Classification result =
        classifier.apply(
            "Angela Merkel visited Paris.", List.of("politics", "travel", "food"), options);
    result.labels().forEach(label -> System.out.println(label.label() + " " + label.score()));
  }
}
