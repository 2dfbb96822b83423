// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TextClassification.Classification;
import io.github.megabert.task.TextClassification.Options;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class TextClassificationTest {
  private static final String BACKENDS = "io.github.megabert.task.PipelineFixtures#backends";

  @ParameterizedTest
  @MethodSource(BACKENDS)
  void labelsMatchTransformers(String backend) throws IOException {
    assertMatches("text_classification", backend);
  }

  @ParameterizedTest
  @MethodSource(BACKENDS)
  void independentLabelsMatchTransformers(String backend) throws IOException {
    assertMatches("text_classification_multi", backend);
  }

  private static void assertMatches(String task, String backend) throws IOException {
    try (MegaBert bert = PipelineFixtures.open(task, backend)) {
      TextClassification classifier = bert.textClassification();
      for (PipelineFixtures.Case c : PipelineFixtures.cases(task, "expected.json")) {
        Options options = options(c.options());
        JsonNode input = c.arguments().getFirst();
        if (input.isArray()) {
          List<String> texts = new ArrayList<>();
          input.forEach(text -> texts.add(text.stringValue()));
          List<Classification> results = classifier.applyAll(texts, options);
          for (int i = 0; i < texts.size(); i++) {
            assertLabels(JsonNodes.arrayOf(c.result().get(i)), results.get(i));
          }
        } else if (input.isObject()) {
          TextPair pair =
              new TextPair(input.get("text").stringValue(), input.get("text_pair").stringValue());
          assertLabels(JsonNodes.arrayOf(c.result()), classifier.apply(pair, options));
        } else {
          assertLabels(c.result(), classifier.apply(c.text(), options));
        }
      }
    }
  }

  private static Options options(JsonNode given) {
    Options options = Options.DEFAULT;
    if (given.has("top_k")) {
      options =
          options.withTopK(
              given.get("top_k").isNull() ? Options.ALL : given.get("top_k").intValue());
    }
    if (given.has("function_to_apply")) {
      String name = given.get("function_to_apply").stringValue();
      options = options.withFunction(ScoreFunction.valueOf(name.toUpperCase(Locale.ROOT)));
    }
    return options;
  }

  private static void assertLabels(JsonNode expected, Classification actual) {
    assertEquals(expected.size(), actual.labels().size());
    assertEquals(0, actual.truncatedTokens());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i).get("label").stringValue(), actual.labels().get(i).label());
      PipelineFixtures.assertScore(expected.get(i).get("score"), actual.labels().get(i).score());
    }
  }

  @Test
  void textsTooLongAreRefusedOrCutAndSaidToBe() throws IOException {
    try (MegaBert bert = PipelineFixtures.open("text_classification", "vector")) {
      TextClassification classifier = bert.textClassification();
      String text = "word ".repeat(100);
      Exception refused =
          assertThrows(IllegalArgumentException.class, () -> classifier.apply(text));
      assertTrue(
          refused.getMessage().contains("has 102 tokens, the model takes at most 64"),
          refused.getMessage());
      Classification cut = classifier.apply(text, Options.DEFAULT.withLongText(LongText.TRUNCATE));
      assertEquals(38, cut.truncatedTokens());
      assertThrows(
          IllegalArgumentException.class, () -> Options.DEFAULT.withLongText(LongText.WINDOWS));
    }
  }
}
