// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.model;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointConverter;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.terminal.Progress;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.hub.Hub;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.task.EmbeddingConfig;
import io.github.megabert.tensor.DType;
import io.github.megabert.tokenizer.BertTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code megabert convert}. */
@Command(
    name = "convert",
    mixinStandardHelpOptions = true,
    description =
        "Writes any readable checkpoint as a Hugging Face folder, or as Megatron-LM ranks.",
    footer = {
      "",
      "Examples:",
      "  megabert convert megatron_bert_345m_v0.1_uncased.zip my-model --vocab vocab.txt",
      "  megabert convert my-model smaller --dtype bf16",
      "  megabert convert my-model ranks --to megatron --tensor-parallel 2"
    })
public final class ConvertCommand implements Callable<Integer> {
  private static final List<String> TOKENIZER_FILES =
      List.of(
          "vocab.txt",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json");

  /** Files beside a model that say how it is used, which a folder's copy needs as well. */
  private static final List<String> USAGE_FILES = List.of("generation_config.json");

  /** The types that tensors can be converted to, in lower case. */
  static final class TypeNames implements Iterable<String>, ITypeConverter<DType> {
    private static final List<String> NAMES = List.of("f32", "f16", "bf16");

    @Override
    public Iterator<String> iterator() {
      return NAMES.iterator();
    }

    @Override
    public DType convert(String text) {
      String name = text.toLowerCase(Locale.ROOT);
      if (!NAMES.contains(name)) {
        throw new TypeConversionException(
            "\"" + text + "\" is none of " + String.join(", ", NAMES));
      }
      return DType.valueOf(name.toUpperCase(Locale.ROOT));
    }
  }

  /** What is written. */
  enum Format {
    /** A Hugging Face folder. */
    HUGGINGFACE,
    /** The folder of a Megatron-LM run. */
    MEGATRON
  }

  @Mixin private JsonOption output = new JsonOption();

  @Parameters(
      index = "0",
      paramLabel = "INPUT",
      description =
          "A Hugging Face folder, a Megatron-LM zip, .pt or run folder, or the ORG/NAME of a model"
              + " that was pulled.")
  private Path input = Path.of("");

  @Parameters(index = "1", paramLabel = "OUTPUT_DIR", description = "The folder to make.")
  private Path target = Path.of("");

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      converter = TypeNames.class,
      completionCandidates = TypeNames.class,
      description = "f32, f16 or bf16. Default: as they are.")
  private @Nullable DType dtype;

  @Option(
      names = "--to",
      paramLabel = "FORMAT",
      defaultValue = "huggingface",
      description = "huggingface or megatron. Default: ${DEFAULT-VALUE}.")
  private Format format = Format.HUGGINGFACE;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A config.json in place of the checkpoint's own, or where it has none.")
  private @Nullable Path config;

  @Option(
      names = "--vocab",
      paramLabel = "PATH",
      description = "A vocab.txt, or a folder with tokenizer files, to copy along.")
  private @Nullable Path vocab;

  @Option(
      names = "--tensor-parallel",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Tensor-parallel ranks to write with --to megatron. Default: 1.")
  private @Nullable Integer tensorParallel;

  @Option(
      names = "--pipeline-parallel",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Pipeline-parallel ranks to write with --to megatron. Default: 1.")
  private @Nullable Integer pipelineParallel;

  @Override
  public Integer call() throws IOException {
    WrongUsage.unless(
        format == Format.MEGATRON || (tensorParallel == null && pipelineParallel == null),
        "--tensor-parallel and --pipeline-parallel go with --to megatron");
    WrongUsage.unless(
        format == Format.HUGGINGFACE || vocab == null,
        "--vocab goes with --to huggingface: a folder of Megatron-LM ranks holds no vocabulary");
    input = Hub.locate(input);
    long start = System.nanoTime();
    long bytes;
    int tensors;
    // Rows beyond the words that are copied along are padding.
    int tokens = vocab == null ? 0 : BertTokenizer.load(vocab).vocabularySize();
    try (Checkpoint checkpoint = Checkpoint.open(input, config, tokens)) {
      MegatronBertConfig.of(checkpoint.config(), checkpoint.configSource());
      tensors = checkpoint.names().size();
      bytes = checkpoint.names().stream().mapToLong(name -> size(checkpoint, name)).sum();
      convert(checkpoint);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    if (output.json) {
      JsonOption.print(
          JsonNodeFactory.instance
              .objectNode()
              .put("output", target.toString())
              .put("tensors", tensors)
              .put("bytes", bytes)
              .put("seconds", seconds));
    } else {
      System.out.printf(
          Locale.ROOT,
          "%s: %d tensors, %.1f MB read in %.1f s%n",
          target,
          tensors,
          bytes / 1e6,
          seconds);
    }
    return 0;
  }

  private long size(Checkpoint checkpoint, String name) {
    return checkpoint.dtype(name).byteSize(checkpoint.shape(name).elements());
  }

  private void convert(Checkpoint checkpoint) throws IOException {
    CheckpointConverter converter = new CheckpointConverter(checkpoint).alongside(filesAlongside());
    if (dtype != null) {
      converter.dtype(dtype);
    }
    converter.progress(
        (tensor, done, total) -> Progress.show("converting", " MB", 1_000_000, done, total));
    switch (format) {
      case HUGGINGFACE -> converter.toHuggingFace(target);
      case MEGATRON -> converter.toMegatron(target, orOne(tensorParallel), orOne(pipelineParallel));
    }
    Progress.end();
  }

  private static int orOne(@Nullable Integer ranks) {
    return ranks == null ? 1 : ranks;
  }

  private Map<String, Path> filesAlongside() throws IOException {
    Map<String, Path> files = new LinkedHashMap<>(tokenizerFiles());
    if (Files.isDirectory(input)) {
      for (Path file : EmbeddingConfig.files(input)) {
        files.put(file.toString(), input.resolve(file));
      }
    }
    for (String name : USAGE_FILES) {
      Path file = input.resolve(name);
      if (Files.isDirectory(input) && Files.isRegularFile(file)) {
        files.put(name, file);
      }
    }
    return files;
  }

  /**
   * Files of the tokenizer, by the names that transformers gives them: those named, or those beside
   * the checkpoint.
   */
  private Map<String, Path> tokenizerFiles() {
    if (vocab != null && Files.isRegularFile(vocab)) {
      return Map.of(vocab.toString().endsWith(".json") ? "tokenizer.json" : "vocab.txt", vocab);
    }
    Path folder = vocab != null ? vocab : input;
    Map<String, Path> files = new LinkedHashMap<>();
    for (String name : TOKENIZER_FILES) {
      Path file = folder.resolve(name);
      if (Files.isDirectory(folder) && Files.isRegularFile(file)) {
        files.put(name, file);
      }
    }
    if (vocab != null && files.isEmpty()) {
      throw new IllegalArgumentException(
          vocab + " has none of " + String.join(", ", TOKENIZER_FILES));
    }
    return files;
  }
}
