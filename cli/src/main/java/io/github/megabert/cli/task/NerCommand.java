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
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.task.TokenClassification;
import io.github.megabert.task.TokenClassification.Aggregation;
import io.github.megabert.task.TokenClassification.Entity;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code megabert ner}. */
@Command(
    name = "ner",
    mixinStandardHelpOptions = true,
    description = "Finds names and other entities in texts.",
    footer = {
      "",
      "Places in the text are counted in UTF-16 units, as Java does; --json gives code points too.",
      "",
      "Examples:",
      "  megabert ner --model my-model --aggregation simple \"Angela Merkel visited Paris.\"",
      "  megabert ner --model my-model --stride 16 --windows complete < articles.txt"
    })
public final class NerCommand implements Callable<Integer> {
  @Mixin private TaskOptions model = new TaskOptions();
  @Mixin private JsonOption output = new JsonOption();
  @Mixin private TextArguments arguments = new TextArguments();
  @Mixin private LengthOptions length = new LengthOptions();
  @Mixin private TruncateOption longTexts = new TruncateOption();
  @Mixin private BatchOption batch = new BatchOption();

  @Option(
      names = "--aggregation",
      paramLabel = "NAME",
      description =
          "How tokens become entities: none, simple, first, average, max. Default: none; "
              + "simple with --stride.")
  private @Nullable Aggregation aggregation;

  @Option(
      names = "--ignore-labels",
      paramLabel = "LABEL",
      split = ",",
      description = "Leave out entities of these labels; \"\" for none. Default: O.")
  private @Nullable List<String> ignoredLabels;

  @Option(
      names = "--stride",
      paramLabel = "N",
      converter = Numbers.AtLeastZero.class,
      description = "Read long texts in windows that repeat N tokens of the one before.")
  private @Nullable Integer stride;

  @Option(
      names = "--windows",
      paramLabel = "KIND",
      description =
          "With --stride: reference, the windows that transformers makes, which leave the end "
              + "of a long text unread, or complete. Default: reference.")
  private @Nullable Windows windows;

  /** Which windows a long text is read in. */
  enum Windows {
    /** As transformers 5.17. */
    REFERENCE,
    /** All of the text. */
    COMPLETE
  }

  @Override
  public Integer call() throws IOException {
    WrongUsage.unless(
        windows == null || stride != null, "--windows says which windows --stride N reads");
    WrongUsage.unless(
        stride == null || !longTexts.truncate,
        "--truncate cuts a long text, --stride reads it in windows: choose one of them");
    WrongUsage.unless(
        stride == null || aggregation != Aggregation.NONE,
        "--stride reads windows that overlap, where only whole entities can be put together:"
            + " choose an --aggregation other than none");
    TokenClassification.Options options =
        TokenClassification.Options.DEFAULT.withLongText(longTexts.longText());
    if (ignoredLabels != null) {
      options =
          options.withIgnoredLabels(
              ignoredLabels.stream()
                  .map(String::strip)
                  .filter(label -> !label.isEmpty())
                  .collect(Collectors.toUnmodifiableSet()));
    }
    if (aggregation != null || stride != null) {
      options = options.withAggregation(aggregation == null ? Aggregation.SIMPLE : aggregation);
    }
    if (stride != null) {
      options =
          windows == Windows.COMPLETE
              ? options.withWindows(stride)
              : options.withReferenceWindows(stride);
    }
    TokenClassification.Options chosen = options;
    try (MegaBert bert = model.open(arguments.count(), List.of(length, batch))) {
      arguments.whenLong(bert::warmUp);
      TokenClassification classifier = bert.tokenClassification();
      try (JsonOption.Results results = output.results()) {
        return arguments.answer(
            texts -> classifier.applyAll(texts, chosen),
            results.of(
                (where, result) -> {
                  report(result.truncatedTokens(), where);
                  print(results, result.entities(), chosen.aggregation() == Aggregation.NONE);
                }));
      }
    }
  }

  private void report(int unread, String where) {
    if (stride == null) {
      TruncateOption.report(unread, where);
    } else if (unread > 0) {
      System.err.println(
          "megabert: "
              + where
              + ": "
              + unread
              + " tokens at the end were not read, as transformers does not; --windows complete"
              + " reads them");
    }
  }

  private static void print(JsonOption.Results results, List<Entity> entities, boolean tokens) {
    if (results.isJson()) {
      ArrayNode entry = JsonNodeFactory.instance.arrayNode();
      entities.forEach(entity -> entry.add(json(entity, tokens)));
      results.add(entry);
      return;
    }
    for (Entity entity : entities) {
      results.line(
          String.format(
              Locale.ROOT,
              "%.4f  %-8s %5d %5d  %s",
              entity.score(),
              entity.label(),
              entity.span().start(),
              entity.span().end(),
              entity.word()));
    }
    results.line("");
  }

  private static ObjectNode json(Entity entity, boolean token) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put(token ? "entity" : "entity_group", entity.label()).put("score", entity.score());
    if (token) {
      node.put("index", entity.index());
    }
    return node.put("word", entity.word())
        .put("start", entity.span().start())
        .put("end", entity.span().end())
        .put("code_point_start", entity.span().codePointStart())
        .put("code_point_end", entity.span().codePointEnd());
  }
}
