package io.github.megabert.cli;

import io.github.megabert.MegaBert;
import io.github.megabert.json.JsonText;
import io.github.megabert.task.EmbeddingConfig;
import io.github.megabert.task.LongText;
import io.github.megabert.task.TextEmbedding;
import io.github.megabert.task.TextEmbedding.Embedding;
import io.github.megabert.task.TextEmbedding.Pooling;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code megabert embed}. */
@Command(
    name = "embed",
    mixinStandardHelpOptions = true,
    description =
        "Makes a vector of every text; long texts are read in windows. Prints one JSON array a "
            + "line.",
    footer = {
      "",
      "Examples:",
      "  megabert embed --normalize \"a dog\" \"a cat\"",
      "  megabert embed --pooling cls --output vectors.safetensors < texts.txt"
    })
final class EmbedCommand implements Callable<Integer> {
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private VocabOption vocab = new VocabOption();
  @Mixin private JsonOption output = new JsonOption();
  @Mixin private TextArguments arguments = new TextArguments();
  @Mixin private LengthOptions length = new LengthOptions();
  @Mixin private TruncateOption longTexts = new TruncateOption();
  @Mixin private BatchOption batch = new BatchOption();

  @Option(
      names = "--pooling",
      paramLabel = "NAME",
      description =
          "How token vectors become one: mean, cls or max. Default: as 1_Pooling/config.json "
              + "says, else mean.")
  private @Nullable Pooling pooling;

  @Option(
      names = "--normalize",
      negatable = true,
      description = "Give every vector length 1. Default: as modules.json says, else not.")
  private @Nullable Boolean normalize;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description =
          "Write the vectors to a file: .safetensors (tensor \"embeddings\"), otherwise JSON "
              + "lines.")
  private @Nullable Path file;

  @Override
  public Integer call() throws IOException {
    try (MegaBert bert = model.open(arguments.count(), List.of(vocab, length, batch))) {
      arguments.whenLong(bert::warmUp);
      TextEmbedding.Options options = options(bert.embeddingConfig());
      TextEmbedding embedding = bert.textEmbedding();
      return file == null ? print(embedding, options) : write(embedding, options, file);
    }
  }

  /** What the options say, else the model's files; where both do and differ, it is said. */
  private TextEmbedding.Options options(EmbeddingConfig files) {
    TextEmbedding.Options options =
        pooling == null || files.pooling() != null
            ? files.options()
            : TextEmbedding.Options.DEFAULT.withNormalize(files.normalize());
    if (files.fromFiles()) {
      reportOverridden("pooling", pooling, files.pooling());
      reportOverridden("normalize", normalize, files.normalize());
      if (length.maxLength != Integer.MAX_VALUE && files.maxLength() != Integer.MAX_VALUE) {
        reportOverridden("max-length", length.maxLength, files.maxLength());
      }
    }
    if (pooling != null) {
      options = options.withPooling(pooling);
    }
    if (normalize != null) {
      options = options.withNormalize(normalize);
    }
    return longTexts.truncate ? options.withLongText(LongText.TRUNCATE) : options;
  }

  private static void reportOverridden(
      String option, @Nullable Object given, @Nullable Object inFiles) {
    if (given != null && !given.equals(inFiles)) {
      System.err.println(
          "megabert: --%s %s is used; the model's files say %s"
              .formatted(option, word(given), word(inFiles)));
    }
  }

  private static String word(@Nullable Object value) {
    return value == null ? "otherwise" : value.toString().toLowerCase(Locale.ROOT);
  }

  private int print(TextEmbedding embedding, TextEmbedding.Options options) throws IOException {
    try (JsonOption.Results results = output.results()) {
      return arguments.answer(
          texts -> embedding.applyAll(texts, options),
          new TextArguments.Results<Embedding>() {
            @Override
            public void answer(String where, Embedding result) {
              TruncateOption.report(result.truncatedTokens(), where);
              print(array(result.vector()));
            }

            @Override
            public void nothing(@Nullable String refusal) {
              print(JsonOption.Results.entry(refusal));
            }

            private void print(JsonNode entry) {
              if (results.isJson()) {
                results.add(entry);
              } else {
                results.line(JsonText.compact(entry));
              }
            }
          });
    }
  }

  private int write(TextEmbedding embedding, TextEmbedding.Options options, Path target)
      throws IOException {
    try (VectorFile out = VectorFile.create(target, embedding.dimension())) {
      int code = arguments.answer(texts -> embedding.applyAll(texts, options), out);
      out.commit();
      report(out, target);
      return code;
    }
  }

  private void report(VectorFile out, Path target) {
    if (out.gaps() > 0) {
      System.err.println(
          "megabert: "
              + out.gaps()
              + " of the rows stand for blank or refused lines and hold "
              + out.gap());
    }
    if (output.json) {
      JsonOption.print(
          JsonNodeFactory.instance
              .objectNode()
              .put("output", target.toString())
              .put("rows", out.rows())
              .put("dimension", out.dimension()));
    } else {
      System.err.println("megabert: " + out.rows() + " vectors written to " + target);
    }
  }

  static ArrayNode array(float[] vector) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    for (float value : vector) {
      array.add(value);
    }
    return array;
  }
}
