package io.github.megabert.cli;

import io.github.megabert.MegaBert;
import io.github.megabert.backend.Precision;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which model, and how it is computed: the options of every command that runs one. */
final class ModelOptions {
  @Option(
      names = "--model",
      paramLabel = "PATH",
      description =
          "A Hugging Face folder, or a Megatron-LM checkpoint (zip, .pt or run folder). Default: the embedded model.")
  @Nullable Path model;

  @Option(
      names = "--vocab",
      paramLabel = "PATH",
      description = "A vocab.txt, or a folder with tokenizer files, where the model has none.")
  @Nullable Path vocab;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A config.json in place of the model's own.")
  @Nullable Path config;

  @Option(
      names = "--class",
      paramLabel = "NAME",
      description =
          "The transformers class, such as MegatronBertForCausalLM, in place of the model's own.")
  @Nullable String className;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "auto, vector, scalar or tornado. Default: ${DEFAULT-VALUE}.")
  String backend = "auto";

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      defaultValue = "F32",
      description = "How weights are stored: f32, bf16, f16, int8 (GPU: tf32 too). Default: f32.")
  Precision dtype = Precision.F32;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads. Default: all processors.")
  int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--device", paramLabel = "N", description = "Index of the GPU. Default: 0.")
  int device;

  /** Opens the model. */
  MegaBert open() throws IOException {
    return open(false);
  }

  /** Opens the model; a head that it lacks may begin with random weights. */
  MegaBert open(boolean allowMissingHead) throws IOException {
    MegaBert.Builder builder =
        MegaBert.builder().backend(backend).precision(dtype).threads(threads).device(device);
    if (vocab != null) {
      builder.tokenizer(vocab);
    }
    if (config != null) {
      builder.config(config);
    }
    if (className != null) {
      builder.modelClass(className);
    }
    if (allowMissingHead) {
      builder.allowMissingHead(0);
    }
    return model == null ? builder.demo() : builder.load(model);
  }
}
