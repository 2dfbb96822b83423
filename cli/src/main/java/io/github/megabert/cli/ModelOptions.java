package io.github.megabert.cli;

import io.github.megabert.MegaBert;
import io.github.megabert.MegaBertBuilder;
import io.github.megabert.parameters.ModelClass;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
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

  @Mixin ComputeOptions compute = new ComputeOptions();

  /** Opens the model for many texts. */
  MegaBert open() throws IOException {
    return openFor(Integer.MAX_VALUE);
  }

  /** Opens the model for so many texts. */
  MegaBert openFor(int texts) throws IOException {
    return open(builder(texts));
  }

  /** Opens the model for so many texts, with limits of texts and batches. */
  MegaBert openFor(int texts, LengthOptions lengths) throws IOException {
    MegaBertBuilder builder = builder(texts);
    lengths.apply(builder);
    return open(builder);
  }

  /** Opens the model with so many texts of usual length a batch. */
  MegaBert openBatching(int batchSize) throws IOException {
    return open(builder(Integer.MAX_VALUE).batching(LengthOptions.batching(batchSize)));
  }

  /** Opens the model for one batch; a head that it lacks may begin with random weights. */
  MegaBert openForBatch(boolean allowMissingHead) throws IOException {
    MegaBertBuilder builder = builder(1);
    if (allowMissingHead) {
      builder.allowMissingHead(0);
    }
    return open(builder);
  }

  private MegaBertBuilder builder(int texts) {
    MegaBertBuilder builder =
        MegaBert.builder()
            .backend(compute.backend)
            .precision(compute.dtype)
            .threads(compute.threads)
            .packing(compute.packs(texts))
            .device(compute.device);
    if (vocab != null) {
      builder.tokenizer(vocab);
    }
    if (config != null) {
      builder.config(config);
    }
    if (className != null) {
      builder.modelClass(ModelClass.of(className));
    }
    return builder;
  }

  private MegaBert open(MegaBertBuilder builder) throws IOException {
    if (Progress.isShown()) {
      builder.loading(Progress::loading);
    }
    return model == null ? builder.demo() : builder.load(model);
  }
}
