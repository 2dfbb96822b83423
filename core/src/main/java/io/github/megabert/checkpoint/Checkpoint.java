// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import io.github.megabert.checkpoint.huggingface.HuggingFaceCheckpoint;
import io.github.megabert.checkpoint.safetensors.StrictJson;
import io.github.megabert.json.JsonMap;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An open checkpoint: a configuration and named tensors, whatever the file format.
 *
 * <p>Names are those of transformers' head models: the base model's parameters start with {@code
 * bert.} even where the file stores them bare. The bare name is understood as well, and so are
 * {@code cls.predictions.decoder.bias} for {@code cls.predictions.bias} and, where the decoder is
 * tied, {@code cls.predictions.decoder.weight} for the word embeddings.
 */
public interface Checkpoint extends NamedTensors {
  /**
   * The content of {@code config.json}, in transformers' terms: strings, booleans, numbers, lists,
   * maps and null. Unmodifiable.
   */
  Map<String, @Nullable Object> config();

  /** Where the configuration was read, for messages: a file, or {@link #source()}. */
  default String configSource() {
    return source();
  }

  /**
   * Opens a checkpoint of any known kind: a Hugging Face folder, a {@code .safetensors} or {@code
   * .bin} file with {@code config.json} beside it, a Megatron-LM zip, {@code .pt} or run folder, or
   * a {@code .nemo} file.
   *
   * @throws CheckpointException if it is malformed, incomplete or of no known kind
   * @throws IOException if reading fails
   */
  static Checkpoint open(Path path) throws IOException {
    return open(path, null);
  }

  /**
   * As {@link #open(Path)}, with a configuration that replaces or completes the checkpoint's own.
   *
   * @param configOverride a {@code config.json} in transformers' terms, or null
   */
  static Checkpoint open(Path path, @Nullable Path configOverride) throws IOException {
    return open(path, configOverride, 0);
  }

  /**
   * As {@link #open(Path, Path)}, for a tokenizer: rows that pad a Megatron-LM checkpoint are left
   * out where its arguments do not tell the vocabulary's size, but only the padded one.
   *
   * @param tokens ids that the tokenizer can name, from 0; or 0 for any number
   */
  static Checkpoint open(Path path, @Nullable Path configOverride, int tokens) throws IOException {
    return CheckpointKind.open(path, configOverride, tokens);
  }

  /**
   * A checkpoint of a configuration and tensors that are already open, which it closes with itself.
   */
  static Checkpoint of(Map<String, ? extends @Nullable Object> config, NamedTensors tensors)
      throws CheckpointException {
    return new HuggingFaceCheckpoint(JsonMap.toObject(config), tensors.source(), tensors);
  }

  /** As {@link #of(Map, NamedTensors)}, with a configuration that a file holds. */
  static Checkpoint of(Path config, NamedTensors tensors) throws IOException {
    return new HuggingFaceCheckpoint(StrictJson.readObject(config), config.toString(), tensors);
  }
}
