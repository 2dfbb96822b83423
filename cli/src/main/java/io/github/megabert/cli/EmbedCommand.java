package io.github.megabert.cli;

import io.github.megabert.MegaBert;
import io.github.megabert.json.JsonText;
import io.github.megabert.task.LongText;
import io.github.megabert.task.TextEmbedding;
import io.github.megabert.task.TextEmbedding.Embedding;
import io.github.megabert.task.TextEmbedding.Pooling;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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
        "Makes a vector of every text; long texts are read in windows. Prints one JSON array a line.",
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
      defaultValue = "MEAN",
      description = "How token vectors become one: mean, cls or max. Default: mean.")
  private Pooling pooling = Pooling.MEAN;

  @Option(names = "--normalize", description = "Give every vector length 1.")
  private boolean normalize;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description =
          "Write the vectors to a file: .safetensors (tensor \"embeddings\"), otherwise JSON lines.")
  private @Nullable Path file;

  @Override
  public Integer call() throws IOException {
    TextEmbedding.Options options =
        new TextEmbedding.Options(
            pooling, normalize, longTexts.truncate ? LongText.TRUNCATE : LongText.WINDOWS, 0);
    try (MegaBert bert = model.open(arguments.count(), List.of(vocab, length, batch))) {
      TextEmbedding embedding = bert.textEmbedding();
      return file == null ? print(embedding, options) : write(embedding, options, file);
    }
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
