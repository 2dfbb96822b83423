// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.task;

import io.github.megabert.MegaBert;
import io.github.megabert.cli.option.BatchOption;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.LengthOptions;
import io.github.megabert.cli.option.ModelOptions;
import io.github.megabert.cli.option.TextArguments;
import io.github.megabert.cli.option.TruncateOption;
import io.github.megabert.cli.option.VocabOption;
import io.github.megabert.cli.terminal.RankScope;
import io.github.megabert.json.JsonText;
import io.github.megabert.task.EmbeddingConfig;
import io.github.megabert.task.LongText;
import io.github.megabert.task.Pooling;
import io.github.megabert.task.TextEmbedding;
import io.github.megabert.task.TextEmbedding.Embedding;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;
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
      "  megabert embed --pooling cls --output vectors.safetensors < texts.txt",
      "  megabert embed --model all-MiniLM-L6-v2 --prompt \"query: \" \"a dog\""
    })
public final class EmbedCommand implements Callable<Integer> {
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private VocabOption vocab = new VocabOption();
  @Mixin private JsonOption output = new JsonOption();
  @Mixin private TextArguments arguments = new TextArguments();
  @Mixin private LengthOptions length = new LengthOptions();
  @Mixin private TruncateOption longTexts = new TruncateOption();
  @Mixin private BatchOption batch = new BatchOption();

  /** The names of sentence-transformers. */
  static final class PoolingNames implements Iterable<String>, ITypeConverter<Pooling> {
    private static final List<String> NAMES =
        Arrays.stream(Pooling.values()).map(Pooling::fileName).toList();

    @Override
    public Iterator<String> iterator() {
      return NAMES.iterator();
    }

    @Override
    public Pooling convert(String text) {
      return Pooling.ofFileName(text.toLowerCase(Locale.ROOT))
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "\"" + text + "\" is none of " + String.join(", ", NAMES)));
    }
  }

  @Option(
      names = "--pooling",
      paramLabel = "NAME",
      split = ",",
      converter = PoolingNames.class,
      completionCandidates = PoolingNames.class,
      description =
          "How token vectors become one: cls, max, mean, mean_sqrt_len_tokens, weightedmean,"
              + " lasttoken, or several, joined. Default: as 1_Pooling/config.json says, else"
              + " mean.")
  private List<Pooling> pooling = List.of();

  /** What is put before every text: one of the model's prompts, or a text. */
  static final class Prompt {
    @Option(
        names = "--prompt-name",
        paramLabel = "NAME",
        description =
            "A prompt that the model's files have, such as query, to put before every text."
                + " Default: their default, if there is one.")
    private @Nullable String name;

    @Option(
        names = "--prompt",
        paramLabel = "TEXT",
        description = "A text to put before every text, such as \"query: \".")
    private @Nullable String text;
  }

  @ArgGroup private @Nullable Prompt prompt;

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
        (pooling.isEmpty() ? files : files.withPooling(pooling)).options();
    if (files.fromFiles()) {
      reportOverridden(
          "pooling", pooling.isEmpty() ? null : names(pooling), names(files.pooling()));
      reportOverridden("normalize", normalize, files.normalize());
      if (length.maxLength != Integer.MAX_VALUE && files.maxLength() != Integer.MAX_VALUE) {
        reportOverridden("max-length", length.maxLength, files.maxLength());
      }
    }
    if (!pooling.isEmpty() && !files.fromFiles()) {
      options = options.withPooling(pooling);
    }
    if (prompt != null && prompt.name != null) {
      options = options.withPrompt(files.prompts().text(prompt.name));
    }
    if (prompt != null && prompt.text != null) {
      options = options.withPrompt(prompt.text);
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

  private static @Nullable String names(List<Pooling> poolings) {
    return poolings.isEmpty()
        ? null
        : poolings.stream().map(Pooling::fileName).collect(Collectors.joining(","));
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
    if (!RankScope.isFirst()) {
      return arguments.answer(
          texts -> embedding.applyAll(texts, options), JsonOption.Results.<Embedding>none());
    }
    try (VectorFile out = VectorFile.create(target, embedding.dimension(options))) {
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
