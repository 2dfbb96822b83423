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
import io.github.megabert.task.CrossEncoder;
import io.github.megabert.task.CrossEncoder.Relevance;
import io.github.megabert.task.ScoreFunction;
import io.github.megabert.task.TextPair;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code megabert rank}. */
@Command(
    name = "rank",
    mixinStandardHelpOptions = true,
    description =
        "Says how well texts answer a query, through a cross-encoder: the best text first, or with"
            + " --json in the order of the texts. Pairs that are too long are cut.",
    footer = {
      "",
      "Examples:",
      "  megabert rank --model my-cross-encoder --query \"a pet\" \"A dog barks.\" \"It rains.\"",
      "  megabert rank --model my-cross-encoder --query \"a pet\" < texts.txt | head"
    })
public final class RankCommand implements Callable<Integer> {
  @Mixin private TaskOptions model = new TaskOptions();
  @Mixin private JsonOption output = new JsonOption();
  @Mixin private TextArguments arguments = new TextArguments();
  @Mixin private LengthOptions length = new LengthOptions();
  @Mixin private BatchOption batch = new BatchOption();

  @Option(
      names = "--query",
      paramLabel = "TEXT",
      required = true,
      description = "What the texts are to answer.")
  private String query = "";

  @Option(
      names = "--label",
      paramLabel = "LABEL",
      description = "The label that says that a text fits, where the model has several.")
  private @Nullable String label;

  @Option(
      names = "--function",
      paramLabel = "NAME",
      description = "softmax, sigmoid or none. Default: what the model's files say, or fits them.")
  private @Nullable ScoreFunction function;

  /** A text and how well it answers. */
  private record Scored(String text, Relevance relevance) {}

  @Override
  public Integer call() throws IOException {
    WrongUsage.unless(!query.isBlank(), "the --query is empty");
    CrossEncoder.Options options =
        new CrossEncoder.Options(label, function, CrossEncoder.Options.DEFAULT.longText());
    try (MegaBert bert = model.open(arguments.count(), List.of(length, batch))) {
      arguments.whenLong(bert::warmUp);
      CrossEncoder encoder = bert.crossEncoder();
      // A label that is not there is refused once, not text by text.
      List<Relevance> _ = encoder.applyAll(List.of(), options);
      return output.json ? print(encoder, options) : printRanking(encoder, options);
    }
  }

  private List<Scored> score(
      CrossEncoder encoder, CrossEncoder.Options options, List<String> texts) {
    List<Relevance> scores =
        encoder.applyAll(texts.stream().map(text -> TextPair.of(query, text)).toList(), options);
    return IntStream.range(0, texts.size())
        .mapToObj(i -> new Scored(texts.get(i), scores.get(i)))
        .toList();
  }

  private int print(CrossEncoder encoder, CrossEncoder.Options options) throws IOException {
    try (JsonOption.Results results = output.results()) {
      return arguments.answer(
          texts -> score(encoder, options, texts),
          results.of(
              (where, result) -> {
                TruncateOption.report(result.relevance.truncatedTokens(), where);
                results.add(
                    JsonNodeFactory.instance.objectNode().put("score", result.relevance.score()));
              }));
    }
  }

  private int printRanking(CrossEncoder encoder, CrossEncoder.Options options) throws IOException {
    List<Scored> all = new ArrayList<>();
    int code =
        arguments.answer(
            texts -> score(encoder, options, texts),
            new TextArguments.Results<Scored>() {
              @Override
              public void answer(String where, Scored result) {
                TruncateOption.report(result.relevance.truncatedTokens(), where);
                all.add(result);
              }

              @Override
              public void nothing(@Nullable String refusal) {}
            });
    all.sort(Comparator.comparingDouble((Scored one) -> one.relevance.score()).reversed());
    try (JsonOption.Results results = output.results()) {
      for (Scored one : all) {
        results.line(String.format(Locale.ROOT, "%.4f  %s", one.relevance.score(), one.text));
      }
    }
    return code;
  }
}
