// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.train.log.MetricsLine;
import io.github.megabert.train.log.MetricsLine.Split;
import io.github.megabert.train.metrics.ClassScore;
import io.github.megabert.train.metrics.ConfusionMatrix;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReportPageTest {
  private static final String HOSTILE = "</script><script>alert('&')</script>\u2028\u0007\"";

  private static MetricsLine step(int step, double loss) {
    return new MetricsLine.Step(step, step / 10.0, loss, 1e-4, 1, 1000);
  }

  private static RunReport report(String text, List<MetricsLine> lines) {
    ConfusionMatrix matrix = new ConfusionMatrix(2);
    matrix.add(0, 0);
    matrix.add(0, 1);
    matrix.add(1, 1);
    return new RunReport(
        text,
        "megabert finetune " + text,
        Map.of(text, text),
        Map.of(text, text),
        lines,
        new RunReport.Confusion(List.of(text, "b"), matrix),
        Map.of(text, new ClassScore(1, 2, 4)),
        List.of(new RunReport.WorstExample(text, text, text, 7.25)));
  }

  private static JsonNode curves(String page) {
    Matcher json =
        Pattern.compile("<script type=\"application/json\" id=\"curves\">(.*?)</script>")
            .matcher(page);
    assertTrue(json.find());
    return JsonMapper.shared().readTree(json.group(1));
  }

  @Test
  void whateverATextHoldsItStaysText() throws IOException {
    List<MetricsLine> lines =
        List.of(new MetricsLine.Evaluation(1, Split.VALIDATION, Map.of(HOSTILE, 0.5)));
    String page = ReportPage.of(report(HOSTILE, lines));
    assertFalse(page.contains("<script>alert"));
    assertFalse(page.contains("\u0007"));
    assertTrue(
        page.contains(
            "<h1>&lt;/script&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;\u2028\uFFFD"
                + "&quot;</h1>"));
    int scripts = page.split("<script", -1).length - 1;
    assertEquals(scripts, page.split("</script>", -1).length - 1);
    assertEquals(3, scripts);
    List<String> titles = new ArrayList<>();
    curves(page).forEach(chart -> titles.add(chart.get("title").stringValue()));
    assertTrue(titles.contains(HOSTILE), titles.toString());
  }

  @Test
  void thePageLoadsNothing() throws IOException {
    String page = ReportPage.of(report("run", List.of(step(1, 2))));
    assertFalse(
        Pattern.compile("(src|href)\\s*=|@import|url\\(|fetch\\(|<link|<img").matcher(page).find());
    assertTrue(page.contains("uPlot"));
  }

  @Test
  void tablesHoldTheNumbers() throws IOException {
    String page = ReportPage.of(report("x", List.of()));
    assertTrue(page.contains("<td class=\"right\" style=\"--share:0.500\">1</td>"));
    assertTrue(page.contains("<td class=\"wrong\" style=\"--share:0.000\"></td>"));
    assertTrue(page.contains("<td>0.500</td><td>0.250</td><td>0.333</td><td>4</td>"));
    assertTrue(page.contains("<td class=\"number\">7.250</td>"));
  }

  @Test
  void curvesAreThoseOfStepsAndValidation() throws IOException {
    List<MetricsLine> lines =
        List.of(
            step(1, 3),
            step(2, Double.NaN),
            new MetricsLine.Evaluation(2, Split.VALIDATION, Map.of("loss", 2.5)),
            new MetricsLine.Evaluation(2, Split.VALIDATION, Map.of("accuracy", 0.5)),
            new MetricsLine.Evaluation(2, Split.TEST, Map.of("accuracy", 0.25)));
    JsonNode curves = curves(ReportPage.of(report("x", lines)));
    assertEquals(
        "{\"title\":\"Loss\",\"series\":["
            + "{\"label\":\"training\",\"x\":[1,2],\"y\":[3.0,null]},"
            + "{\"x\":[2],\"y\":[2.5],\"label\":\"validation\"}]}",
        curves.get(0).toString());
    assertEquals("Learning rate", curves.get(1).get("title").stringValue());
    assertEquals(
        "{\"title\":\"accuracy\",\"series\":[{\"label\":\"validation\",\"x\":[2],\"y\":[0.5]}]}",
        curves.get(2).toString());
  }

  @Test
  void aLongRunIsDrawnByItsMeans() throws IOException {
    List<MetricsLine> lines = new ArrayList<>();
    for (int i = 1; i <= 3001; i++) {
      lines.add(step(i, i));
    }
    JsonNode loss = curves(ReportPage.of(report("x", lines))).get(0).get("series").get(0);
    assertEquals(1001, loss.get("x").size());
    assertEquals(3, loss.get("x").get(0).intValue());
    assertEquals(2, loss.get("y").get(0).doubleValue());
    assertEquals(3001, loss.get("x").get(1000).intValue());
    assertEquals(3001, loss.get("y").get(1000).doubleValue());
  }

  @Test
  void ofManyClassesThoseWithTheMostErrorsAreShown() throws IOException {
    ConfusionMatrix matrix = new ConfusionMatrix(100);
    List<String> labels = new ArrayList<>();
    for (int label = 0; label < 100; label++) {
      labels.add("class " + label);
      matrix.add(label, label < 40 ? label : 0);
    }
    RunReport plain = report("x", List.of());
    RunReport many =
        new RunReport(
            "x",
            "x",
            Map.of(),
            Map.of(),
            List.of(),
            new RunReport.Confusion(labels, matrix),
            Map.of(),
            plain.worst());
    String page = ReportPage.of(many);
    assertTrue(page.contains("Of 100 classes the 60 with the most errors are shown."));
    assertTrue(page.contains("<th>class 99</th>"));
    assertFalse(page.contains("<th>class 39</th>"));
  }

  @Test
  void everyClassHasAName() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new RunReport.Confusion(List.of("a"), new ConfusionMatrix(2)));
  }
}
