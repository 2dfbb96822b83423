// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.task;

import io.github.megabert.MegaBert;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.LengthOptions;
import io.github.megabert.cli.option.TaskOptions;
import io.github.megabert.cli.option.TruncateOption;
import io.github.megabert.task.MultipleChoice;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code megabert choose}. */
@Command(
    name = "choose",
    mixinStandardHelpOptions = true,
    description = "Chooses the continuation of a prompt that fits best.",
    footer = {
      "",
      "Example:",
      "  megabert choose --model my-model --prompt \"The cat lay down.\" \"It slept.\" \"It "
          + "was elected.\""
    })
public final class ChooseCommand implements Callable<Integer> {
  @Mixin private TaskOptions model = new TaskOptions();
  @Mixin private JsonOption output = new JsonOption();
  @Mixin private LengthOptions length = new LengthOptions();
  @Mixin private TruncateOption longTexts = new TruncateOption();

  @Option(names = "--prompt", paramLabel = "TEXT", required = true, description = "The prompt.")
  private String prompt = "";

  @Parameters(paramLabel = "CHOICE", arity = "1..*", description = "The continuations.")
  private List<String> choices = List.of();

  @Override
  public Integer call() throws IOException {
    try (MegaBert bert = model.open(choices.size(), List.of(length))) {
      MultipleChoice pipeline = bert.multipleChoice();
      MultipleChoice.Choice choice =
          pipeline.apply(
              new MultipleChoice.Question(prompt, choices),
              MultipleChoice.Options.DEFAULT.withLongText(longTexts.longText()));
      TruncateOption.report(choice.truncatedTokens(), "the prompt with a choice");
      try (JsonOption.Results results = output.results()) {
        print(results, choice);
      }
    }
    return 0;
  }

  private void print(JsonOption.Results results, MultipleChoice.Choice choice) {
    if (results.isJson()) {
      ObjectNode entry = JsonNodeFactory.instance.objectNode().put("choice", choice.choice());
      ArrayNode scores = entry.putArray("scores");
      choice.scores().forEach(scores::add);
      results.add(entry);
      return;
    }
    for (int i = 0; i < choices.size(); i++) {
      results.line(
          String.format(
              Locale.ROOT,
              "%s %.4f  %s",
              i == choice.choice() ? "*" : " ",
              choice.scores().get(i),
              choices.get(i)));
    }
  }
}
