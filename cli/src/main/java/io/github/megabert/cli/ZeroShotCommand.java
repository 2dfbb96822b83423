package io.github.megabert.cli;

import io.github.megabert.MegaBert;
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
final class ZeroShotCommand implements Callable<Integer> {
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private JsonOption output = new JsonOption();
  @Mixin private TextArguments arguments = new TextArguments();
  @Mixin private LengthOptions lengths = new LengthOptions();

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
    ZeroShotClassification.Options options =
        new ZeroShotClassification.Options(multiLabel, template, lengths.longText());
    List<String> candidates =
        labels.stream().map(String::strip).filter(label -> !label.isEmpty()).toList();
    try (MegaBert bert = model.openFor(arguments.count(), lengths)) {
      ZeroShotClassification classifier = bert.zeroShotClassification();
      try (JsonOption.Results results = output.results()) {
        TextArguments.forEach(
            classifier.among(candidates).stream(arguments.stream(), options),
            result -> print(results, result));
      }
    }
    return 0;
  }

  private static void print(
      JsonOption.Results results, ZeroShotClassification.Classification result) {
    LengthOptions.report(result.truncatedTokens(), "a text");
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
