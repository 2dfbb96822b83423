// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.hub;

import io.github.megabert.input.Quote;
import io.github.megabert.json.JsonTree;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Which of a repository's files a model needs: configuration, tokenizer, one form of the weights,
 * and the modules of a sentence encoder. Weights of other frameworks, training states and pictures
 * stay where they are.
 */
final class NeededFiles {
  private static final String MODULES = "modules.json";
  private static final String SAFETENSORS = "model.safetensors";
  private static final String SAFETENSORS_INDEX = "model.safetensors.index.json";
  private static final String TORCH = "pytorch_model.bin";
  private static final String TORCH_INDEX = "pytorch_model.bin.index.json";

  /** In the order in which they are looked for. */
  private static final List<String> WEIGHTS =
      List.of(SAFETENSORS, SAFETENSORS_INDEX, TORCH, TORCH_INDEX);

  private static final List<String> SETTINGS =
      List.of(
          "config.json",
          "generation_config.json",
          "vocab.txt",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          MODULES,
          "config_sentence_transformers.json",
          "sentence_bert_config.json");

  private static final long LONGEST_JSON = 64L << 20;

  private final ModelName model;
  private final Set<String> listed;

  NeededFiles(ModelName model, Set<String> listed) {
    this.model = model;
    this.listed = listed;
  }

  /** Those that say which others are needed. */
  Set<String> first() throws HubException {
    Set<String> files = new LinkedHashSet<>();
    String weights = weights("");
    if (weights == null && !listed.contains(MODULES)) {
      throw noWeights();
    }
    if (weights != null && weights.endsWith("index.json")) {
      files.add(weights);
    }
    if (listed.contains(MODULES)) {
      files.add(MODULES);
    }
    return files;
  }

  private HubException noWeights() {
    return new HubException(
        model
            + " has no weights that can be read ("
            + String.join(", ", WEIGHTS)
            + "); its files are "
            + (listed.isEmpty() ? "none" : Quote.list(new TreeSet<>(listed))));
  }

  /**
   * All of them.
   *
   * @param snapshot where those that come first are
   */
  Set<String> all(Path snapshot) throws IOException {
    Set<String> files = new LinkedHashSet<>(first());
    addFolder("", files);
    if (listed.contains(MODULES)) {
      for (JsonNode module : json(snapshot, MODULES)) {
        JsonNode path = module.get("path");
        if (path != null && path.isString() && !path.stringValue().isEmpty()) {
          addFolder(RemoteName.file(path.stringValue()) + "/", files);
        }
      }
    }
    String weights = weights("");
    if (weights != null && weights.endsWith("index.json")) {
      files.addAll(shards(snapshot, weights));
    }
    if (files.stream().noneMatch(NeededFiles::isWeights)) {
      throw noWeights();
    }
    return files;
  }

  private static boolean isWeights(String file) {
    return WEIGHTS.contains(file.substring(file.lastIndexOf('/') + 1));
  }

  private void addFolder(String folder, Set<String> files) {
    for (String name : SETTINGS) {
      if (listed.contains(folder + name)) {
        files.add(folder + name);
      }
    }
    String weights = weights(folder);
    if (weights != null) {
      files.add(weights);
    }
  }

  private @Nullable String weights(String folder) {
    for (String name : WEIGHTS) {
      if (listed.contains(folder + name)) {
        return folder + name;
      }
    }
    return null;
  }

  private Set<String> shards(Path snapshot, String index) throws IOException {
    JsonNode map = json(snapshot, index).get("weight_map");
    if (map == null || !map.isObject()) {
      throw new HubException(
          model + ": " + index + " has no weight_map; an index of shards is expected");
    }
    Set<String> shards = new LinkedHashSet<>();
    for (JsonNode shard : map) {
      if (!shard.isString() || !listed.contains(shard.stringValue())) {
        throw new HubException(
            model
                + ": "
                + index
                + " names the shard "
                + Quote.json(shard)
                + ", which the hub does not list");
      }
      shards.add(RemoteName.file(shard.stringValue()));
    }
    return shards;
  }

  private JsonNode json(Path snapshot, String name) throws IOException {
    try (InputStream in = Files.newInputStream(snapshot.resolve(name))) {
      return JsonTree.read(in, model + ": " + name, LONGEST_JSON);
    } catch (JacksonException e) {
      throw new HubException(model + ": " + name + " is not valid JSON" + JsonTree.reason(e), e);
    }
  }
}
