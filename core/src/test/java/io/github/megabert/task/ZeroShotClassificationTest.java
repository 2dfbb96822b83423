// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.task.ZeroShotClassification.Classification;
import io.github.megabert.task.ZeroShotClassification.Options;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class ZeroShotClassificationTest {
  @ParameterizedTest
  @MethodSource("io.github.megabert.task.PipelineFixtures#backends")
  void labelsMatchTransformers(String backend) throws IOException {
    try (MegaBert bert = PipelineFixtures.open("zero_shot", backend)) {
      ZeroShotClassification classifier = bert.zeroShotClassification();
      for (PipelineFixtures.Case c : PipelineFixtures.cases("zero_shot", "expected.json")) {
        Options options =
            Options.DEFAULT.withMultiLabel(c.options().path("multi_label").asBoolean(false));
        if (c.options().has("hypothesis_template")) {
          options = options.withTemplate(c.options().get("hypothesis_template").stringValue());
        }
        Classification actual =
            classifier.among(labels(c.options().get("candidate_labels"))).apply(c.text(), options);
        JsonNode expected = c.result();
        assertEquals(expected.get("sequence").stringValue(), actual.sequence());
        assertEquals(expected.get("labels").size(), actual.labels().size());
        for (int i = 0; i < actual.labels().size(); i++) {
          LabelScore label = actual.labels().get(i);
          assertEquals(expected.get("labels").get(i).stringValue(), label.label());
          PipelineFixtures.assertScore(expected.get("scores").get(i), label.score());
        }
      }
    }
  }

  private static List<String> labels(JsonNode given) {
    if (given.isString()) {
      return List.of(given.stringValue().split(",\\s*"));
    }
    List<String> labels = new ArrayList<>();
    given.forEach(label -> labels.add(label.stringValue()));
    return labels;
  }

  @Test
  void hypothesesStayWholeWhenTheTextIsCut() throws IOException {
    try (MegaBert bert = PipelineFixtures.open("zero_shot", "vector")) {
      ZeroShotClassification classifier = bert.zeroShotClassification();
      String text = "word ".repeat(100);
      List<String> labels = List.of("a", "b");
      assertThrows(IllegalArgumentException.class, () -> classifier.apply(text, labels));
      Classification cut =
          classifier.among(labels).apply(text, Options.DEFAULT.withLongText(LongText.TRUNCATE));
      assertTrue(cut.truncatedTokens() > 38, cut.toString());
    }
  }

  @Test
  void aModelWithoutEntailmentIsRefused() throws IOException {
    try (MegaBert bert = PipelineFixtures.open("text_classification", "vector")) {
      Exception refused =
          assertThrows(IllegalArgumentException.class, bert::zeroShotClassification);
      assertTrue(refused.getMessage().contains("entail"), refused.getMessage());
      assertTrue(refused.getMessage().contains("text-classification"), refused.getMessage());
    }
  }

  @Test
  void manyTextsStreamInTheirOrder() throws IOException {
    try (MegaBert bert = PipelineFixtures.open("zero_shot", "vector")) {
      ZeroShotClassification classifier = bert.zeroShotClassification();
      List<String> texts = List.of("no", "Angela Merkel visited Paris in 2015.", "a hotel", "no");
      List<String> labels = List.of("politics", "travel", "food");
      List<Classification> streamed = classifier.among(labels).stream(texts.stream()).toList();
      assertEquals(4, streamed.size());
      for (int i = 0; i < 4; i++) {
        Classification alone = classifier.apply(texts.get(i), labels);
        assertEquals(texts.get(i), streamed.get(i).sequence());
        for (int k = 0; k < 3; k++) {
          assertEquals(alone.labels().get(k).label(), streamed.get(i).labels().get(k).label());
          assertEquals(
              alone.labels().get(k).score(), streamed.get(i).labels().get(k).score(), 1e-6);
        }
      }
      assertThrows(IllegalArgumentException.class, () -> classifier.among(List.of()));
    }
  }
}
