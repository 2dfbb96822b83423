// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.report;

import io.github.megabert.json.JsonText;
import io.github.megabert.train.metrics.ClassScore;
import io.github.megabert.train.metrics.ConfusionMatrix;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The report as one HTML file that loads nothing: style, script, the chart library uPlot and the
 * curves stand in it.
 */
public final class ReportPage {
  private static final String UPLOT = "/META-INF/resources/webjars/uplot/1.6.30/dist/";

  /** Beyond these, a matrix is too wide to read; the classes taken for others most are shown. */
  private static final int MOST_CLASSES = 60;

  private final StringBuilder html = new StringBuilder();
  private final RunReport report;

  private ReportPage(RunReport report) {
    this.report = report;
  }

  /**
   * The page of a report.
   *
   * @throws IOException if a resource of this program is missing
   */
  public static String of(RunReport report) throws IOException {
    return new ReportPage(report).page();
  }

  private String page() throws IOException {
    html.append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.append("<title>").append(escape(report.title())).append("</title>\n<style>\n");
    html.append(resource(UPLOT + "uPlot.min.css")).append('\n');
    html.append(resource("report.css")).append("</style>\n</head>\n<body>\n<main>\n");
    html.append("<h1>").append(escape(report.title())).append("</h1>\n");
    figures();
    html.append("<section id=\"charts\"></section>\n");
    confusion();
    entities();
    worst();
    origin();
    html.append("</main>\n<script type=\"application/json\" id=\"curves\">");
    html.append(inScript(JsonText.compact(Curves.of(report.lines()))));
    html.append("</script>\n<script>\n").append(resource(UPLOT + "uPlot.iife.min.js"));
    html.append("\n</script>\n<script>\n").append(resource("report.js"));
    return html.append("</script>\n</body>\n</html>\n").toString();
  }

  private void figures() {
    html.append("<dl class=\"figures\">\n");
    report
        .figures()
        .forEach(
            (name, value) ->
                html.append("<div><dt>")
                    .append(escape(name))
                    .append("</dt><dd>")
                    .append(escape(value))
                    .append("</dd></div>\n"));
    html.append("</dl>\n");
  }

  private void confusion() {
    RunReport.Confusion confusion = report.confusion();
    if (confusion == null) {
      return;
    }
    ConfusionMatrix matrix = confusion.matrix();
    List<Integer> shown = mostConfused(matrix);
    html.append("<section>\n<h2>Confusion matrix</h2>\n<p>A row is what is right, a column what")
        .append(" was predicted; shades are shares of the row.");
    if (shown.size() < matrix.classes()) {
      html.append(
          String.format(
              Locale.ROOT,
              " Of %d classes the %d with the most errors are shown.",
              matrix.classes(),
              shown.size()));
    }
    html.append("</p>\n<div class=\"wide\"><table class=\"matrix\">\n<tr><td></td>");
    for (int label : shown) {
      html.append("<th class=\"column\"><span>")
          .append(escape(confusion.labels().get(label)))
          .append("</span></th>");
    }
    html.append("<th>recall</th></tr>\n");
    for (int label : shown) {
      ClassScore score = matrix.score(label);
      html.append("<tr><th>").append(escape(confusion.labels().get(label))).append("</th>");
      for (int prediction : shown) {
        cell(matrix.count(label, prediction), score.support(), label == prediction);
      }
      html.append("<td class=\"share\">").append(share(score.recall())).append("</td></tr>\n");
    }
    html.append("</table></div>\n</section>\n");
  }

  private void cell(long count, long support, boolean right) {
    double share = support == 0 ? 0 : (double) count / support;
    html.append(
        String.format(
            Locale.ROOT,
            "<td class=\"%s%s\" style=\"--share:%.3f\">%s</td>",
            right ? "right" : "wrong",
            share > 0.55 ? " strong" : "",
            share,
            count == 0 ? "" : Long.toString(count)));
  }

  /** The classes that a readable matrix has room for, in their order. */
  private static List<Integer> mostConfused(ConfusionMatrix matrix) {
    return IntStream.range(0, matrix.classes())
        .boxed()
        .sorted(
            Comparator.comparingLong(
                label -> matrix.score(label).truePositives() - matrix.score(label).support()))
        .limit(MOST_CLASSES)
        .sorted()
        .toList();
  }

  private void entities() {
    if (report.entities().isEmpty()) {
      return;
    }
    html.append("<section>\n<h2>Entities</h2>\n<table class=\"numbers\">\n<tr><th>type</th>")
        .append("<th>precision</th><th>recall</th><th>F1</th><th>support</th></tr>\n");
    report
        .entities()
        .forEach(
            (type, score) ->
                html.append("<tr><th>")
                    .append(escape(type))
                    .append("</th><td>")
                    .append(share(score.precision()))
                    .append("</td><td>")
                    .append(share(score.recall()))
                    .append("</td><td>")
                    .append(share(score.f1()))
                    .append("</td><td>")
                    .append(score.support())
                    .append("</td></tr>\n"));
    html.append("</table>\n</section>\n");
  }

  private void worst() {
    if (report.worst().isEmpty()) {
      return;
    }
    html.append("<section>\n<h2>Worst examples</h2>\n<table class=\"examples\">\n<tr>")
        .append("<th>text</th><th>expected</th><th>predicted</th><th>loss</th></tr>\n");
    for (RunReport.WorstExample example : report.worst()) {
      html.append("<tr><td dir=\"auto\">")
          .append(escape(example.text()))
          .append("</td><td>")
          .append(escape(example.expected()))
          .append("</td><td>")
          .append(escape(example.predicted()))
          .append("</td><td class=\"number\">")
          .append(String.format(Locale.ROOT, "%.3f", example.loss()))
          .append("</td></tr>\n");
    }
    html.append("</table>\n</section>\n");
  }

  private void origin() {
    html.append("<section>\n<h2>How it was made</h2>\n<pre>")
        .append(escape(report.command()))
        .append("</pre>\n<table class=\"versions\">\n");
    for (Map.Entry<String, String> version : report.versions().entrySet()) {
      html.append("<tr><th>")
          .append(escape(version.getKey()))
          .append("</th><td>")
          .append(escape(version.getValue()))
          .append("</td></tr>\n");
    }
    html.append("</table>\n</section>\n");
  }

  private static String share(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  /** A text as an element or a quoted attribute may hold it; of control characters, a mark. */
  static String escape(String text) {
    StringBuilder escaped = new StringBuilder();
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      switch (c) {
        case '&' -> escaped.append("&amp;");
        case '<' -> escaped.append("&lt;");
        case '>' -> escaped.append("&gt;");
        case '"' -> escaped.append("&quot;");
        case '\'' -> escaped.append("&#39;");
        case '\n', '\t' -> escaped.append((char) c);
        default ->
            escaped.appendCodePoint(
                Character.isISOControl(c) || (c >= 0xD800 && c < 0xE000) ? 0xFFFD : c);
      }
    }
    return escaped.toString();
  }

  /** JSON as a script element may hold it: nothing in it ends the element. */
  static String inScript(String json) {
    return json.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029");
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = ReportPage.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException("this program lacks its resource " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
