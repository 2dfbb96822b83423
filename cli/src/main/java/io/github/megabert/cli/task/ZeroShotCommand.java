// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.task;

import io.github.megabert.MegaBert;
import io.github.megabert.cli.option.BatchOption;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.LengthOptions;
import io.github.megabert.cli.option.TaskOptions;
import io.github.megabert.cli.option.TextArguments;
import io.github.megabert.cli.option.TruncateOption;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.task.LabelScore;
import io.github.megabert.task.ZeroShotClassification;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code megabert zero-shot}. */
@Command(
    name = "zero-shot",
    mixinStandardHelpOptions = true,
    description =
        "Classifies texts by labels of your choice, through a model of natural language inference.",
    footer = {
      "",
      "Example:",
      "  megabert zero-shot --model my-nli-model --labels politics,travel \"Merkel visited Paris.\""
    })
public final class ZeroShotCommand implements Callable<Integer> {
  @Mixin private TaskOptions model = new TaskOptions();
  @Mixin private JsonOption output = new JsonOption();
  @Mixin private TextArguments arguments = new TextArguments();
  @Mixin private LengthOptions length = new LengthOptions();
  @Mixin private TruncateOption longTexts = new TruncateOption();
  @Mixin private BatchOption batch = new BatchOption();

  @Option(
      names = "--labels",
      paramLabel = "LABEL",
      split = ",",
      required = true,
      description = "The labels to choose from.")
  private List<String> labels = List.of();

  @Option(
      names = "--multi-label",
      description = "Judge every label by itself: several may fit, or none.")
  private boolean multiLabel;

  @Option(
      names = "--template",
      paramLabel = "TEXT",
      description = "The hypothesis, with {} for the label. Default: \"This example is {}.\"")
  private String template = ZeroShotClassification.Options.DEFAULT.template();

  @Override
  public Integer call() throws IOException {
    WrongUsage.unless(
        template.contains("{}"),
        "the --template \"" + template + "\" has no {} for the label to take the place of");
    ZeroShotClassification.Options options =
        new ZeroShotClassification.Options(multiLabel, template, longTexts.longText());
    List<String> candidates =
        labels.stream().map(String::strip).filter(label -> !label.isEmpty()).toList();
    WrongUsage.unless(!candidates.isEmpty(), "--labels names no label: --labels politics,travel");
    try (MegaBert bert = model.open(arguments.count(), List.of(length, batch))) {
      arguments.whenLong(bert::warmUp);
      ZeroShotClassification classifier = bert.zeroShotClassification();
      try (JsonOption.Results results = output.results()) {
        return arguments.answer(
            texts -> classifier.among(candidates).applyAll(texts, options),
            results.of(
                (where, result) -> {
                  TruncateOption.report(result.truncatedTokens(), where);
                  print(results, result);
                }));
      }
    }
  }

  private static void print(
      JsonOption.Results results, ZeroShotClassification.Classification result) {
    if (results.isJson()) {
      ObjectNode entry = JsonNodeFactory.instance.objectNode().put("sequence", result.sequence());
      ArrayNode names = entry.putArray("labels");
      ArrayNode scores = entry.putArray("scores");
      for (LabelScore label : result.labels()) {
        names.add(label.label());
        scores.add(label.score());
      }
      results.add(entry);
      return;
    }
    for (LabelScore label : result.labels()) {
      results.line(String.format(Locale.ROOT, "%.4f  %s", label.score(), label.label()));
    }
    results.line("");
  }
}
