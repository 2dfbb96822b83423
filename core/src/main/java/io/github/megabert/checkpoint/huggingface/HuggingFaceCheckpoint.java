// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.huggingface;

import static io.github.megabert.checkpoint.CheckpointException.quote;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.NamedTensors;
import io.github.megabert.json.JsonMap;
import io.github.megabert.parameters.ModelFamily;
import io.github.megabert.parameters.ParameterTable;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.FileChangedException;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * A configuration and tensors with transformers' names, whatever the age of the transformers that
 * saved them: bare or {@code bert.}-prefixed, {@code gamma} and {@code beta}, a stored buffer of
 * position ids, a decoder bias under either of its two names.
 */
public final class HuggingFaceCheckpoint implements Checkpoint {
  private final ObjectNode config;
  private final String configSource;
  private final NamedTensors tensors;
  private final Map<String, String> storedNames = new LinkedHashMap<>();

  public HuggingFaceCheckpoint(ObjectNode config, String configSource, NamedTensors tensors)
      throws CheckpointException {
    this.config = config.deepCopy();
    this.configSource = configSource;
    this.tensors = tensors;
    String fault = ConfigSchema.fault(config);
    if (fault != null) {
      throw new CheckpointException("the configuration in " + configSource + " is wrong: " + fault);
    }
    for (String stored : tensors.names()) {
      String canonical = canonicalName(stored);
      if (canonical == null) {
        continue;
      }
      String twin = storedNames.put(canonical, stored);
      if (twin != null) {
        throw new CheckpointException(
            tensors.source()
                + " holds both "
                + quote(twin)
                + " and "
                + quote(stored)
                + ", which are the same parameter");
      }
    }
    keepTheBiasThatCounts();
    nameTheFamily();
  }

  /** Google's own configurations of BERT have neither a type nor a class; the tensors tell. */
  private void nameTheFamily() {
    if (!config.has("model_type")
        && !config.has("architectures")
        && storedNames.containsKey(ParameterTable.EMBEDDINGS_NORM + ".weight")) {
      config.put("model_type", ModelFamily.BERT.modelType());
    }
  }

  /** The name in today's transformers, or null for what is not a parameter. */
  static @Nullable String canonicalName(String stored) {
    String name = stored;
    if (name.endsWith("embeddings.position_ids")) {
      return null;
    }
    if (name.endsWith(".gamma")) {
      name = name.substring(0, name.length() - "gamma".length()) + "weight";
    } else if (name.endsWith(".beta")) {
      name = name.substring(0, name.length() - "beta".length()) + "bias";
    }
    boolean bare =
        name.startsWith("embeddings.") || name.startsWith("encoder.") || name.startsWith("pooler.");
    return bare ? "bert." + name : name;
  }

  /**
   * transformers computes with {@code decoder.bias}. Tied, it is {@code cls.predictions.bias};
   * untied, or where only it is stored, it is the one that counts.
   */
  private void keepTheBiasThatCounts() {
    String decoderBias = storedNames.remove(ParameterTable.DECODER_BIAS_ALIAS);
    if (decoderBias != null && (!tied() || !storedNames.containsKey(ParameterTable.DECODER_BIAS))) {
      storedNames.put(ParameterTable.DECODER_BIAS, decoderBias);
    }
  }

  private boolean tied() {
    return config.path("tie_word_embeddings").asBoolean(true);
  }

  private String stored(String name) {
    String stored = storedNames.get(name);
    if (stored == null && name.equals(ParameterTable.DECODER_BIAS_ALIAS)) {
      stored = storedNames.get(ParameterTable.DECODER_BIAS);
    }
    if (stored == null && name.equals(ParameterTable.DECODER) && tied()) {
      stored = storedNames.get(ParameterTable.WORD_EMBEDDINGS);
    }
    if (stored == null) {
      stored = storedNames.get("bert." + name);
    }
    if (stored == null) {
      throw new IllegalArgumentException(source() + " has no tensor " + name);
    }
    return stored;
  }

  @Override
  public String source() {
    return tensors.source();
  }

  @Override
  public String configSource() {
    return configSource;
  }

  @Override
  public Map<String, @Nullable Object> config() {
    return JsonMap.of(config);
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(storedNames.keySet());
  }

  @Override
  public DType dtype(String name) {
    return tensors.dtype(stored(name));
  }

  @Override
  public Shape shape(String name) {
    return tensors.shape(stored(name));
  }

  @Override
  public Tensor tensor(String name) throws IOException {
    try {
      return tensors.tensor(stored(name));
    } catch (FileChangedException e) {
      throw new CheckpointException(e.getMessage(), e);
    }
  }

  @Override
  public Tensor tensor(String name, Arena arena) throws IOException {
    try {
      return tensors.tensor(stored(name), arena);
    } catch (FileChangedException e) {
      throw new CheckpointException(e.getMessage(), e);
    }
  }

  @Override
  public void requireUnchanged() {
    tensors.requireUnchanged();
  }

  @Override
  public void close() {
    tensors.close();
  }
}
