package io.github.megabert.task;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.safetensors.StrictJson;
import io.github.megabert.input.Quote;
import io.github.megabert.task.TextEmbedding.Pooling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * How a folder that sentence-transformers saved makes vectors of texts: {@code modules.json},
 * {@code 1_Pooling/config.json}, {@code 2_Normalize} and {@code sentence_bert_config.json}.
 *
 * @param pooling the pooling, or null where the folder names none that is known
 * @param normalize whether vectors get length 1
 * @param maxLength tokens at which texts are cut ({@code max_seq_length}); {@link
 *     Integer#MAX_VALUE} where the model's own limit is meant
 * @param fromFiles whether the folder has such files at all
 * @param unknown what the folder asks for and is not computed; empty if nothing
 */
public record EmbeddingConfig(
    @Nullable Pooling pooling,
    boolean normalize,
    int maxLength,
    boolean fromFiles,
    String unknown) {
  private static final String POOLING = "1_Pooling";

  /** Of a folder without such files. */
  public static final EmbeddingConfig NONE =
      new EmbeddingConfig(null, false, Integer.MAX_VALUE, false, "");

  /** The old way to name a pooling, a switch each, and what the poolings are called now. */
  private static final Map<String, String> SWITCHES =
      Map.of(
          "pooling_mode_cls_token", "cls",
          "pooling_mode_mean_tokens", "mean",
          "pooling_mode_max_tokens", "max",
          "pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens",
          "pooling_mode_weightedmean_tokens", "weightedmean",
          "pooling_mode_lasttoken", "lasttoken");

  /**
   * Reads a folder's files; {@link #NONE} where there are none.
   *
   * @throws CheckpointException if one of them is malformed, or leads out of the folder
   */
  public static EmbeddingConfig of(Path folder) throws IOException {
    Path modulesFile = folder.resolve("modules.json");
    Path poolingFile = folder.resolve(POOLING).resolve("config.json");
    boolean normalize = Files.isDirectory(folder.resolve("2_Normalize"));
    List<String> unknown = new ArrayList<>();
    if (Files.isRegularFile(modulesFile)) {
      normalize = false;
      for (JsonNode module : modules(modulesFile)) {
        String type = text(module.path("type"), modulesFile, "type", "");
        String name = type.substring(type.lastIndexOf('.') + 1);
        switch (name) {
          case "Transformer" -> {}
          case "Normalize" -> normalize = true;
          case "Pooling" -> {
            String path = text(module.path("path"), modulesFile, "path", POOLING);
            poolingFile = within(folder, path, modulesFile).resolve("config.json");
          }
          default -> unknown.add("modules.json has the module " + Quote.escape(name));
        }
      }
    } else if (!Files.isRegularFile(poolingFile)) {
      return NONE;
    }
    List<String> modes =
        Files.isRegularFile(poolingFile)
            ? modes(StrictJson.readObject(poolingFile), poolingFile)
            : List.of("mean");
    Pooling pooling =
        switch (String.join("+", modes)) {
          case "mean" -> Pooling.MEAN;
          case "cls" -> Pooling.CLS;
          case "max" -> Pooling.MAX;
          default -> null;
        };
    if (pooling == null) {
      unknown.add(poolingFile + " asks for the pooling " + Quote.escape(String.join("+", modes)));
    }
    return new EmbeddingConfig(
        pooling, normalize, maxLength(folder), true, String.join("; ", unknown));
  }

  /** The modules that {@code modules.json} lists. */
  private static JsonNode modules(Path file) throws IOException {
    JsonNode modules = StrictJson.read(file);
    if (!modules.isArray() || modules.valueStream().anyMatch(module -> !module.isObject())) {
      throw new CheckpointException(
          file + " holds " + Quote.json(modules) + " where a list of modules is expected");
    }
    return modules;
  }

  /**
   * A module's folder, below the model's.
   *
   * @throws CheckpointException if it is elsewhere
   */
  private static Path within(Path folder, String path, Path modulesFile)
      throws CheckpointException {
    try {
      Path resolved = folder.resolve(path);
      if (!Path.of(path).isAbsolute() && resolved.normalize().startsWith(folder.normalize())) {
        return resolved;
      }
    } catch (InvalidPathException noPath) {
      // Refused below.
    }
    throw new CheckpointException(
        modulesFile
            + " names "
            + Quote.quote(path)
            + ", but modules must be folders below the model's own");
  }

  private static String text(JsonNode value, Path file, String name, String absent)
      throws CheckpointException {
    if (value.isMissingNode()) {
      return absent;
    }
    if (!value.isString()) {
      throw wrong(file, name, value, "a text");
    }
    return value.stringValue();
  }

  private static List<String> modes(JsonNode config, Path file) throws CheckpointException {
    JsonNode mode = config.path("pooling_mode");
    List<String> modes = new ArrayList<>();
    if (!mode.isMissingNode()) {
      for (JsonNode name : mode.isArray() ? mode : List.of(mode)) {
        modes.add(text(name, file, "pooling_mode", "").toLowerCase(Locale.ROOT));
      }
      return modes;
    }
    for (Map.Entry<String, JsonNode> field : config.properties()) {
      String name = SWITCHES.get(field.getKey());
      if (name != null && !field.getValue().isBoolean()) {
        throw wrong(file, field.getKey(), field.getValue(), "true or false");
      }
      if (name != null && field.getValue().booleanValue()) {
        modes.add(name);
      }
    }
    return modes;
  }

  private static CheckpointException wrong(
      Path file, String name, JsonNode value, String expected) {
    return new CheckpointException(
        file
            + ": \""
            + name
            + "\" is "
            + Quote.json(value)
            + " where "
            + expected
            + " is expected");
  }

  private static int maxLength(Path folder) throws IOException {
    Path file = folder.resolve("sentence_bert_config.json");
    JsonNode length =
        Files.isRegularFile(file)
            ? StrictJson.readObject(file).path("max_seq_length")
            : JsonNodeFactory.instance.missingNode();
    if (length.isMissingNode() || length.isNull()) {
      return Integer.MAX_VALUE;
    }
    if (!length.isInt() || length.intValue() < 1) {
      throw wrong(file, "max_seq_length", length, "a positive number");
    }
    return length.intValue();
  }

  /**
   * Options that make the vectors of sentence-transformers: long texts are cut. The usual options
   * where the folder says nothing.
   *
   * @throws IllegalArgumentException if the folder asks for what is not computed
   */
  public TextEmbedding.Options options() {
    if (!fromFiles) {
      return TextEmbedding.Options.DEFAULT;
    }
    if (pooling == null || !unknown.isEmpty()) {
      throw new IllegalArgumentException(
          unknown + "; mean, cls and max pooling and normalising are computed");
    }
    return TextEmbedding.Options.DEFAULT
        .withPooling(pooling)
        .withNormalize(normalize)
        .withLongText(LongText.TRUNCATE);
  }
}
