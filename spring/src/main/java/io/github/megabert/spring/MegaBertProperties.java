// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import io.github.megabert.Task;
import io.github.megabert.backend.Precision;
import io.github.megabert.task.LongText;
import io.github.megabert.task.Pooling;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which model an application has, and how it is computed.
 *
 * @param enabled whether there are beans of MegaBERT at all
 * @param model a Hugging Face folder, a Megatron-LM checkpoint, or the ORGANIZATION/NAME of a model
 *     that was pulled; the demo model where nothing is named and megabert-demo-model is there
 * @param pull whether a model that is named ORGANIZATION/NAME is fetched from its hub
 * @param tokenizer tokenizer files or a vocab.txt, in place of the model's own
 * @param config a config.json, in place of the model's own
 * @param backend what computes: auto, vector, scalar, tornado, or another provider's name
 * @param precision how weights are stored
 * @param threads CPU threads of one call; all processors where nothing is said
 * @param device index of the device, for backends that have several
 * @param packing whether weights are packed when they are loaded, which makes answers faster and
 *     the first one later
 * @param maxLength most tokens of a text, below what the model takes
 * @param tokenBudget most tokens of a batch
 * @param warmUp whether and when weights are loaded and kernels compiled before the first request
 * @param tasks the tasks whose weights are loaded in the warm-up; all that the model was trained
 *     for where none is named
 * @param metrics whether there are meters, in an application that has Micrometer
 * @param embedding the vectors of Spring AI's EmbeddingModel
 */
@ConfigurationProperties(value = "megabert", ignoreUnknownFields = false)
public record MegaBertProperties(
    @DefaultValue("true") boolean enabled,
    @Nullable String model,
    @DefaultValue("false") boolean pull,
    @Nullable Path tokenizer,
    @Nullable Path config,
    @DefaultValue("auto") String backend,
    @DefaultValue("f32") Precision precision,
    @Nullable Integer threads,
    @DefaultValue("0") int device,
    @DefaultValue("true") boolean packing,
    @Nullable Integer maxLength,
    @DefaultValue("4096") int tokenBudget,
    @DefaultValue("background") WarmUp warmUp,
    @DefaultValue Set<Task> tasks,
    @DefaultValue("true") boolean metrics,
    @DefaultValue Embedding embedding) {
  /** When a model is warmed up. */
  public enum WarmUp {
    /** While the application starts and serves; its health says when it is done. */
    BACKGROUND,
    /** Before the application serves. */
    WAIT,
    /** Not at all: the first requests take longer. */
    OFF
  }

  /**
   * The vectors of Spring AI's {@code EmbeddingModel}. What is not said is as the model's folder
   * says, where sentence-transformers saved it, else the mean of the tokens' vectors, of length 1,
   * long texts read in windows.
   *
   * @param pooling how the tokens' vectors become one; several are joined
   * @param normalize whether vectors have length 1
   * @param longText whether a text that is too long is refused, truncated or read in windows
   * @param prompt put before every text, such as "query: "
   */
  public record Embedding(
      @Nullable List<Pooling> pooling,
      @Nullable Boolean normalize,
      @Nullable LongText longText,
      @Nullable String prompt) {}
}
