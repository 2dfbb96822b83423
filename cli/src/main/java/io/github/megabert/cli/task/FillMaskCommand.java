// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.task;

import io.github.megabert.MegaBert;
import io.github.megabert.cli.option.BatchOption;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.LengthOptions;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.option.TaskOptions;
import io.github.megabert.cli.option.TextArguments;
import io.github.megabert.task.FillMask;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code megabert fill-mask}. */
@Command(
    name = "fill-mask",
    mixinStandardHelpOptions = true,
    description = "Finds the likeliest words for every [MASK] of a text.",
    footer = {
      "",
      "Examples:",
      "  megabert fill-mask \"a dog is a domesticated [MASK].\"",
      "  megabert fill-mask --targets animal,plant --json \"a dog is a [MASK].\""
    })
public final class FillMaskCommand implements Callable<Integer> {
  @Mixin private TaskOptions model = new TaskOptions();
  @Mixin private JsonOption output = new JsonOption();
  @Mixin private TextArguments arguments = new TextArguments();
  @Mixin private LengthOptions length = new LengthOptions();
  @Mixin private BatchOption batch = new BatchOption();

  @Option(
      names = "--top-k",
      paramLabel = "N",
      defaultValue = "5",
      converter = Numbers.AtLeastOne.class,
      description = "Words a mask. Default: ${DEFAULT-VALUE}.")
  private int topK = 5;

  @Option(
      names = "--targets",
      paramLabel = "WORD",
      split = ",",
      description = "The only words to choose from.")
  private List<String> targets = List.of();

  @Override
  public Integer call() throws IOException {
    FillMask.Options options = FillMask.Options.DEFAULT.withTopK(topK).withTargets(targets);
    try (MegaBert bert = model.open(arguments.count(), List.of(length, batch))) {
      arguments.whenLong(bert::warmUp);
      FillMask fillMask = bert.fillMask();
      try (JsonOption.Results results = output.results()) {
        return arguments.answer(
            texts -> fillMask.applyAll(texts, options),
            results.of((where, filled) -> print(results, filled.masks())));
      }
    }
  }

  private static void print(JsonOption.Results results, List<FillMask.Mask> masks) {
    if (results.isJson()) {
      ArrayNode all = JsonNodeFactory.instance.arrayNode();
      masks.forEach(mask -> all.add(json(mask.candidates())));
      results.add(masks.size() == 1 ? all.get(0) : all);
      return;
    }
    for (FillMask.Mask mask : masks) {
      for (FillMask.Candidate candidate : mask.candidates()) {
        results.line(
            fixed(candidate.score())
                + "  "
                + padded(candidate.token())
                + "  "
                + candidate.sequence());
      }
      results.line("");
    }
  }

  /** Four decimals. A format string would load the locales' data, 50 ms of a run's second. */
  private static String fixed(float score) {
    return new BigDecimal(score).setScale(4, RoundingMode.HALF_UP).toPlainString();
  }

  private static String padded(String token) {
    return token + " ".repeat(Math.max(0, 16 - token.length()));
  }

  private static ArrayNode json(List<FillMask.Candidate> candidates) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    for (FillMask.Candidate candidate : candidates) {
      array
          .addObject()
          .put("score", candidate.score())
          .put("token", candidate.tokenId())
          .put("token_str", candidate.token())
          .put("sequence", candidate.sequence());
    }
    return array;
  }
}
