package io.github.megabert.cli;

import io.github.megabert.MegaBert;
import io.github.megabert.task.LongText;
import io.github.megabert.task.TextEmbedding;
import io.github.megabert.task.TextEmbedding.Embedding;
import io.github.megabert.task.TextEmbedding.Pooling;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;
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
  @Mixin private JsonOption output = new JsonOption();
  @Mixin private TextArguments arguments = new TextArguments();
  @Mixin private LengthOptions lengths = new LengthOptions();

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
            pooling, normalize, lengths.truncate ? LongText.TRUNCATE : LongText.WINDOWS, 0);
    try (MegaBert bert = model.openFor(arguments.count(), lengths)) {
      TextEmbedding embedding = bert.textEmbedding();
      Stream<Embedding> vectors = embedding.stream(arguments.stream(), options);
      if (file == null) {
        print(vectors);
      } else {
        write(vectors, file, embedding.dimension());
      }
    }
    return 0;
  }

  private void print(Stream<Embedding> vectors) throws IOException {
    try (JsonOption.Results results = output.results()) {
      TextArguments.forEach(
          vectors,
          result -> {
            LengthOptions.report(result.truncatedTokens(), "a text");
            ArrayNode entry = array(result.vector());
            if (results.isJson()) {
              results.add(entry);
            } else {
              results.line(JsonMapper.shared().writeValueAsString(entry));
            }
          });
    }
  }

  private static void write(Stream<Embedding> vectors, Path file, int dimension)
      throws IOException {
    try (VectorFile out = VectorFile.create(file, dimension)) {
      TextArguments.forEach(
          vectors,
          result -> {
            LengthOptions.report(result.truncatedTokens(), "a text");
            try {
              out.add(result.vector());
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      out.commit();
      System.err.println("megabert: " + out.rows() + " vectors written to " + file);
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
