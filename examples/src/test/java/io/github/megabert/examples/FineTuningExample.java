// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.MegaBert;
import io.github.megabert.train.data.Columns;
import io.github.megabert.train.data.ExampleReader;
import io.github.megabert.train.data.LabelKind;
import io.github.megabert.train.data.LabelledText;
import io.github.megabert.train.data.TrainingData;
import io.github.megabert.train.task.FineTuning;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

final class FineTuningExample {
  private FineTuningExample() {}

  static void classifier() throws IOException {
    List<LabelledText> records =
        List.of(new LabelledText("a fine film", "good"), new LabelledText("a dull film", "bad"));
    FineTuning.classifier(Path.of("my-model")).train(records).run(Path.of("my-classifier"));
    try (MegaBert bert = MegaBert.load(Path.of("my-classifier"))) {
      System.out.println(bert.textClassification().apply("what a film").best());
    }
  }

  static void readRows() throws IOException {
    try (ExampleReader<LabelledText> reader =
        TrainingData.texts(Path.of("reviews.csv"), Columns.FOUND, LabelKind.LABEL)) {
      for (LabelledText text = reader.read(); text != null; text = reader.read()) {
        System.out.println(text.text() + " " + text.target());
      }
    }
  }
}
