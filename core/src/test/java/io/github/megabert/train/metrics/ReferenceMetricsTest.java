// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The figures that scikit-learn, SciPy, seqeval and SQuAD's scorer give for the same cases. */
class ReferenceMetricsTest {
  private static final double BOUND = 1e-12;

  private static JsonNode reference(String name) throws IOException {
    try (InputStream in = ReferenceMetricsTest.class.getResourceAsStream("reference.json")) {
      assertNotNull(in, "reference.json");
      return JsonMapper.shared().readTree(in).required(name);
    }
  }

  /** Checks one recorded case. */
  private interface Check {
    void run(JsonNode given);
  }

  private static List<DynamicTest> each(String name, int count, Check check) throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode given : reference(name)) {
      tests.add(DynamicTest.dynamicTest(given.get("name").stringValue(), () -> check.run(given)));
    }
    assertEquals(count, tests.size());
    return tests;
  }

  private static void assertMetrics(JsonNode expected, Map<String, Double> values) {
    assertTrue(values.size() > 1);
    values.forEach(
        (name, value) ->
            assertEquals(
                expected.required(name).isNull() ? Double.NaN : expected.get(name).doubleValue(),
                value,
                BOUND,
                name));
  }

  private static void assertScore(JsonNode expected, int at, ClassScore score) {
    assertEquals(expected.get("precision").get(at).doubleValue(), score.precision(), BOUND);
    assertEquals(expected.get("recall").get(at).doubleValue(), score.recall(), BOUND);
    assertEquals(expected.get("f1").get(at).doubleValue(), score.f1(), BOUND);
    assertEquals(expected.get("support").get(at).intValue(), score.support());
  }

  @TestFactory
  List<DynamicTest> classification() throws IOException {
    return each(
        "classification",
        8,
        given -> {
          ConfusionMatrix matrix = new ConfusionMatrix(given.get("classes").intValue());
          for (int i = 0; i < given.get("labels").size(); i++) {
            matrix.add(
                given.get("labels").get(i).intValue(), given.get("predictions").get(i).intValue());
          }
          assertMetrics(given, matrix.byName());
          for (int label = 0; label < matrix.classes(); label++) {
            assertScore(given, label, matrix.score(label));
          }
        });
  }

  @TestFactory
  List<DynamicTest> severalLabels() throws IOException {
    return each(
        "multi_label",
        3,
        given -> {
          MultiLabelCounts counts = new MultiLabelCounts(given.get("labels").get(0).size());
          for (int i = 0; i < given.get("labels").size(); i++) {
            counts.add(flags(given.get("labels").get(i)), flags(given.get("predictions").get(i)));
          }
          assertMetrics(given, counts.byName());
        });
  }

  private static boolean[] flags(JsonNode numbers) {
    boolean[] flags = new boolean[numbers.size()];
    for (int i = 0; i < flags.length; i++) {
      flags[i] = numbers.get(i).intValue() == 1;
    }
    return flags;
  }

  @TestFactory
  List<DynamicTest> regression() throws IOException {
    return each(
        "regression",
        5,
        given -> {
          RegressionPairs pairs = new RegressionPairs();
          for (int i = 0; i < given.get("labels").size(); i++) {
            pairs.add(
                given.get("labels").get(i).doubleValue(),
                given.get("predictions").get(i).doubleValue());
          }
          assertMetrics(given, pairs.byName());
        });
  }

  @TestFactory
  List<DynamicTest> entities() throws IOException {
    return each(
        "entities",
        8,
        given -> {
          EntityCounts counts = new EntityCounts();
          for (int i = 0; i < given.get("labels").size(); i++) {
            counts.add(texts(given.get("labels").get(i)), texts(given.get("predictions").get(i)));
          }
          assertMetrics(given, counts.byName());
          SortedMap<String, ClassScore> types = counts.types();
          JsonNode expected = given.get("types");
          assertEquals(expected.size(), types.size(), () -> expected + " " + types);
          types.forEach(
              (type, score) -> {
                JsonNode of = expected.required(type);
                assertEquals(of.get("precision").doubleValue(), score.precision(), BOUND, type);
                assertEquals(of.get("recall").doubleValue(), score.recall(), BOUND, type);
                assertEquals(of.get("f1").doubleValue(), score.f1(), BOUND, type);
                assertEquals(of.get("support").intValue(), score.support(), type);
              });
        });
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.stringValue()));
    return texts;
  }

  @Test
  void answers() throws IOException {
    JsonNode given = reference("answers");
    AnswerScores all = new AnswerScores();
    int count = 0;
    for (JsonNode question : given.get("questions")) {
      List<String> answers = texts(question.get("answers"));
      String prediction = question.get("prediction").stringValue();
      AnswerScores one = new AnswerScores();
      one.add(answers, prediction);
      String which = answers + " | " + prediction;
      assertEquals(
          100 * question.get("exact_match").intValue(), one.all().exactMatch(), BOUND, which);
      assertEquals(100 * question.get("f1").doubleValue(), one.all().f1(), 1e-10, which);
      all.add(answers, prediction);
      count++;
    }
    assertEquals(120, count);
    assertScores(given.get("all"), all.all());
    assertScores(given.get("has_answer"), all.answerable());
    assertScores(given.get("no_answer"), all.impossible());
    assertEquals(Map.of("exact_match", all.all().exactMatch(), "f1", all.all().f1()), all.byName());
  }

  private static void assertScores(JsonNode expected, AnswerScores.Scores scores) {
    assertEquals(expected.get("total").intValue(), scores.questions());
    assertEquals(expected.get("exact_match").doubleValue(), scores.exactMatch(), 1e-10);
    assertEquals(expected.get("f1").doubleValue(), scores.f1(), 1e-10);
  }
}
