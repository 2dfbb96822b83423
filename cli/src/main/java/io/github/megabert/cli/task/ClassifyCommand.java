// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.task;

import io.github.megabert.MegaBert;
import io.github.megabert.cli.option.BatchOption;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.LengthOptions;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.option.TaskOptions;
import io.github.megabert.cli.option.TextArguments;
import io.github.megabert.cli.option.TruncateOption;
import io.github.megabert.task.LabelScore;
import io.github.megabert.task.ScoreFunction;
import io.github.megabert.task.TextClassification;
import io.github.megabert.task.TextPair;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code megabert classify}. */
@Command(
    name = "classify",
    mixinStandardHelpOptions = true,
    description = "Finds the class of texts, or of pairs of texts.",
    footer = {
      "",
      "Examples:",
      "  megabert classify --model my-model \"What a wonderful hotel!\"",
      "  megabert classify --model my-model --top-k 0 --pair \"The street is wet.\" \"It rains.\"",
      "  megabert classify --model my-model --json < texts.txt > classes.json"
    })
public final class ClassifyCommand implements Callable<Integer> {
  @Mixin private TaskOptions model = new TaskOptions();
  @Mixin private JsonOption output = new JsonOption();
  @Mixin private TextArguments arguments = new TextArguments();
  @Mixin private LengthOptions length = new LengthOptions();
  @Mixin private TruncateOption longTexts = new TruncateOption();
  @Mixin private BatchOption batch = new BatchOption();

  @Option(
      names = "--top-k",
      paramLabel = "N",
      defaultValue = "1",
      converter = Numbers.AtLeastZero.class,
      description = "Labels a text; 0 for all. Default: ${DEFAULT-VALUE}.")
  private int topK = 1;

  @Option(names = "--pair", paramLabel = "TEXT2", description = "A second text for every text.")
  private @Nullable String pair;

  @Option(
      names = "--function",
      paramLabel = "NAME",
      description = "softmax, sigmoid or none. Default: what fits the model.")
  private @Nullable ScoreFunction function;

  @Override
  public Integer call() throws IOException {
    TextClassification.Options options =
        new TextClassification.Options(
            topK == 0 ? TextClassification.Options.ALL : topK, function, longTexts.longText());
    try (MegaBert bert = model.open(arguments.count(), List.of(length, batch))) {
      arguments.whenLong(bert::warmUp);
      TextClassification classifier = bert.textClassification();
      try (JsonOption.Results results = output.results()) {
        return arguments.answer(
            texts -> classifier.pairs().applyAll(pairs(texts), options),
            results.of(
                (where, result) -> {
                  TruncateOption.report(result.truncatedTokens(), where);
                  print(results, result.labels());
                }));
      }
    }
  }

  private List<TextPair> pairs(List<String> texts) {
    return texts.stream().map(text -> new TextPair(text, pair)).toList();
  }

  private void print(JsonOption.Results results, List<LabelScore> labels) {
    if (results.isJson()) {
      ArrayNode entry = JsonNodeFactory.instance.arrayNode();
      for (LabelScore label : labels) {
        entry.addObject().put("label", label.label()).put("score", label.score());
      }
      results.add(entry);
      return;
    }
    for (LabelScore label : labels) {
      results.line(String.format(Locale.ROOT, "%.4f  %s", label.score(), label.label()));
    }
    if (topK != 1) {
      results.line("");
    }
  }
}
