// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.MegaBert;
import io.github.megabert.MegaBertBuilder;
import io.github.megabert.cli.terminal.Progress;
import io.github.megabert.cli.terminal.RankScope;
import io.github.megabert.hub.Hub;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model, and how it is computed: the options of every command that runs one. */
public final class ModelOptions {
  @Option(
      names = "--model",
      paramLabel = "PATH",
      description =
          "A Hugging Face folder, the ORG/NAME of a model that was pulled, or a Megatron-LM"
              + " checkpoint (zip, .pt or run folder). Default: the embedded model.")
  private @Nullable Path model;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A config.json in place of the model's own.")
  private @Nullable Path config;

  @Mixin private TensorParallelOption ranks = new TensorParallelOption();
  @Mixin private ComputeOptions compute = new ComputeOptions();

  /** Whether the embedded model serves. */
  boolean isEmbedded() {
    return model == null;
  }

  /** What computes it. */
  public ComputeOptions compute() {
    return compute;
  }

  /**
   * Opens the model.
   *
   * @param texts how many it is for
   * @param more what other options say about it
   */
  public MegaBert open(int texts, List<Consumer<MegaBertBuilder>> more) throws IOException {
    MegaBertBuilder builder = MegaBert.builder();
    compute.apply(builder, texts);
    ranks.accept(builder);
    if (config != null) {
      builder.config(config);
    }
    more.forEach(options -> options.accept(builder));
    if (Progress.isShown() && RankScope.isFirst()) {
      builder.loading(Progress::loading);
    }
    MegaBert bert = model == null ? builder.demo() : builder.load(Hub.locate(model));
    try {
      compute.requireUsedBy(bert.backend());
      return bert;
    } catch (RuntimeException failure) {
      bert.close();
      throw failure;
    }
  }
}
