// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.checkpoint.file.OutputFile;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.report.ReportPage;
import io.github.megabert.cli.report.RunReport;
import io.github.megabert.cli.terminal.Program;
import io.github.megabert.train.TrainingResult;
import io.github.megabert.train.log.MetricsLog;
import io.github.megabert.train.task.Evaluation;
import io.github.megabert.train.task.TrainingOutcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What a run came to: as text, as JSON and as {@code report.html}. */
public final class RunSummary {
  /** A word that a shell takes as it stands. */
  private static final Pattern PLAIN = Pattern.compile("[\\w@%+=:,./-]+");

  private final String task;
  private final Path output;
  private final TrainingResult training;
  private final @Nullable Evaluation validation;
  private final @Nullable Evaluation test;

  RunSummary(String task, Path output, TrainingOutcome result) {
    this.task = task;
    this.output = output;
    training = result.training();
    validation = result.validation();
    test = result.test();
  }

  /** Prints the outcome on standard output. */
  void print(JsonOption json) {
    if (json.json) {
      ObjectNode object =
          JsonNodeFactory.instance
              .objectNode()
              .put("task", task)
              .put("steps", training.steps())
              .put("train_loss", training.trainLoss());
      put(object, "validation", validation);
      put(object, "test", test);
      JsonOption.print(
          object
              .put("best_step", training.bestStep())
              .put("seconds", training.seconds())
              .put("tokens_per_second", training.tokensPerSecond())
              .put("output", output.toString()));
      return;
    }
    System.out.printf(
        Locale.ROOT,
        "%s: %d steps in %.1f s, %.0f tokens/s, training loss %.4f, best after step %d%n",
        output,
        training.steps(),
        training.seconds(),
        training.tokensPerSecond(),
        training.trainLoss(),
        training.bestStep());
    print("validation", validation);
    print("test", test);
  }

  private static void put(ObjectNode object, String split, @Nullable Evaluation evaluation) {
    if (evaluation == null) {
      object.putNull(split);
      return;
    }
    ObjectNode metrics = object.putObject(split);
    evaluation
        .metrics()
        .forEach(
            (name, value) -> {
              if (Double.isFinite(value)) {
                metrics.put(name, value);
              } else {
                metrics.putNull(name);
              }
            });
  }

  private static void print(String split, @Nullable Evaluation evaluation) {
    if (evaluation != null) {
      System.out.println(split + ": " + TrainingLine.figures(evaluation.metrics()));
    }
  }

  /** Writes {@code report.html}. */
  void writeReport(List<String> arguments, String begunWith, String backend) throws IOException {
    @Nullable Evaluation shown = test != null ? test : validation;
    RunReport report =
        new RunReport(
            task + ": " + output.getFileName(),
            command(arguments),
            versions(begunWith, backend),
            figures(),
            MetricsLog.read(output.resolve("metrics.jsonl")),
            confusion(shown),
            shown == null || shown.confusion() != null ? Map.of() : shown.classes(),
            shown == null
                ? List.of()
                : shown.worst().stream()
                    .map(
                        one ->
                            new RunReport.WorstExample(
                                one.text(), one.expected(), one.predicted(), one.loss()))
                    .toList());
    try (OutputFile file = OutputFile.create(output.resolve("report.html"))) {
      byte[] page = ReportPage.of(report).getBytes(StandardCharsets.UTF_8);
      file.write(ByteBuffer.wrap(page), 0);
      file.commit();
    }
  }

  private static RunReport.@Nullable Confusion confusion(@Nullable Evaluation evaluation) {
    Evaluation.Confusion confusion = evaluation == null ? null : evaluation.confusion();
    return confusion == null
        ? null
        : new RunReport.Confusion(confusion.labels(), confusion.matrix());
  }

  private Map<String, String> figures() {
    Map<String, String> figures = new LinkedHashMap<>();
    put(figures, "test", test);
    put(figures, "validation", validation);
    figures.put("training loss", String.format(Locale.ROOT, "%.4f", training.trainLoss()));
    figures.put("steps", String.valueOf(training.steps()));
    figures.put("best after step", String.valueOf(training.bestStep()));
    figures.put("seconds", String.format(Locale.ROOT, "%.1f", training.seconds()));
    figures.put("tokens a second", String.format(Locale.ROOT, "%.0f", training.tokensPerSecond()));
    return figures;
  }

  private static void put(
      Map<String, String> figures, String split, @Nullable Evaluation evaluation) {
    if (evaluation != null) {
      evaluation
          .metrics()
          .forEach(
              (name, value) ->
                  figures.put(split + " " + name, String.format(Locale.ROOT, "%.4f", value)));
    }
  }

  private static Map<String, String> versions(String begunWith, String backend) {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("begun with", begunWith);
    versions.put("megabert", Program.VERSION);
    versions.put("backend", backend);
    versions.put("Java", Runtime.version().toString());
    versions.put(
        "system", System.getProperty("os.name", "") + " " + System.getProperty("os.arch", ""));
    versions.put("processors", String.valueOf(Runtime.getRuntime().availableProcessors()));
    return versions;
  }

  /** As it is typed into a shell. */
  private static String command(List<String> arguments) {
    StringBuilder command = new StringBuilder("megabert");
    for (String argument : arguments) {
      command.append(' ');
      if (PLAIN.matcher(argument).matches()) {
        command.append(argument);
      } else {
        command.append('\'').append(argument.replace("'", "'\\''")).append('\'');
      }
    }
    return command.toString();
  }
}
