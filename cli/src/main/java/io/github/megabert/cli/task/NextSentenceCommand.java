// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.task;

import io.github.megabert.MegaBert;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.LengthOptions;
import io.github.megabert.cli.option.TaskOptions;
import io.github.megabert.cli.option.TruncateOption;
import io.github.megabert.task.NextSentence;
import io.github.megabert.task.TextPair;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code megabert next-sentence}. */
@Command(
    name = "next-sentence",
    mixinStandardHelpOptions = true,
    description = "Gives the probability that text B continues text A.",
    footer = {"", "Example:", "  megabert next-sentence \"a dog is an animal.\" \"it barks.\""})
public final class NextSentenceCommand implements Callable<Integer> {
  @Mixin private TaskOptions model = new TaskOptions();
  @Mixin private JsonOption output = new JsonOption();
  @Mixin private LengthOptions length = new LengthOptions();
  @Mixin private TruncateOption longTexts = new TruncateOption();

  @Parameters(index = "0", paramLabel = "A", description = "The first text.")
  private String first = "";

  @Parameters(index = "1", paramLabel = "B", description = "The second text.")
  private String second = "";

  @Override
  public Integer call() throws IOException {
    try (MegaBert bert = model.open(1, List.of(length))) {
      NextSentence pipeline = bert.nextSentence();
      NextSentence.Continuation result =
          pipeline.apply(
              TextPair.of(first, second),
              NextSentence.Options.DEFAULT.withLongText(longTexts.longText()));
      TruncateOption.report(result.truncatedTokens(), "the pair");
      try (JsonOption.Results results = output.results()) {
        if (results.isJson()) {
          results.add(
              JsonNodeFactory.instance
                  .objectNode()
                  .put("score", result.score())
                  .put("is_next", result.isNext()));
        } else {
          results.line(
              String.format(
                  Locale.ROOT,
                  "%.4f  B %s A",
                  result.score(),
                  result.isNext() ? "continues" : "does not continue"));
        }
      }
    }
    return 0;
  }
}
