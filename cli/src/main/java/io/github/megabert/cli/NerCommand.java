package io.github.megabert.cli;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TokenClassification;
import io.github.megabert.task.TokenClassification.Aggregation;
import io.github.megabert.task.TokenClassification.Entity;
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
final class NerCommand implements Callable<Integer> {
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private JsonOption output = new JsonOption();
  @Mixin private TextArguments arguments = new TextArguments();
  @Mixin private LengthOptions lengths = new LengthOptions();

  @Option(
      names = "--aggregation",
      paramLabel = "NAME",
      description =
          "How tokens become entities: none, simple, first, average, max. Default: none; simple with --stride.")
  private @Nullable Aggregation aggregation;

  @Option(
      names = "--stride",
      paramLabel = "N",
      description = "Read long texts in windows that repeat N tokens of the one before.")
  private @Nullable Integer stride;

  @Option(
      names = "--windows",
      paramLabel = "KIND",
      defaultValue = "reference",
      description =
          "With --stride: reference, the windows that transformers makes, which leave the end of a long text unread, or complete. Default: ${DEFAULT-VALUE}.")
  private Windows windows = Windows.REFERENCE;

  /** Which windows a long text is read in. */
  enum Windows {
    /** As transformers 5.17. */
    REFERENCE,
    /** All of the text. */
    COMPLETE
  }

  @Override
  public Integer call() throws IOException {
    TokenClassification.Options options =
        TokenClassification.Options.DEFAULT.withLongText(lengths.longText());
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
    try (MegaBert bert = model.openFor(arguments.count(), lengths)) {
      TokenClassification classifier = bert.tokenClassification();
      try (JsonOption.Results results = output.results()) {
        TextArguments.forEach(
            classifier.stream(arguments.stream(), chosen),
            result -> {
              report(result.truncatedTokens());
              print(results, result.entities(), chosen.aggregation() == Aggregation.NONE);
            });
      }
    }
    return 0;
  }

  private void report(int unread) {
    if (stride == null) {
      LengthOptions.report(unread, "a text");
    } else if (unread > 0) {
      System.err.println(
          "megabert: "
              + unread
              + " tokens at the end of a text were not read, as transformers does not; --windows complete reads them");
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
