// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.fuzz;

import io.github.megabert.model.generation.GenerationConfig;
import io.github.megabert.task.EmbeddingConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Readers of what stands beside a model: how it generates, and how it embeds. */
final class SettingsTargets {
  private static final String GENERATION =
      """
      {"max_new_tokens": 33, "min_new_tokens": 2, "num_beams": 3, "num_return_sequences": 2,
       "length_penalty": 0.5, "early_stopping": "never", "do_sample": true, "temperature": 0.7,
       "top_k": 9, "top_p": 0.8, "min_p": 0.1, "repetition_penalty": 1.2,
       "no_repeat_ngram_size": 4, "eos_token_id": [2, 8], "pad_token_id": 0}
      """;
  private static final String POOLING_BY_SWITCHES =
      """
      {"word_embedding_dimension": 384, "pooling_mode_cls_token": false,
       "pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": false}
      """;
  private static final String CUT_AT = "{\"max_seq_length\": 128, \"do_lower_case\": false}";

  private static final String PROMPTS =
      """
      {"prompts": {"query": "query: ", "passage": ""}, "default_prompt_name": "query",
       "similarity_fn_name": "cosine"}
      """;

  private SettingsTargets() {}

  static List<FuzzTarget> all() throws IOException {
    byte[] modules = fixture("mean/modules.json");
    byte[] pooling = fixture("mean/1_Pooling/config.json");
    byte[] dense = fixture("mean_dense/2_Dense/config.json");
    byte[] weights = fixture("mean_dense/2_Dense/model.safetensors");
    byte[] denseModules = fixture("mean_dense/modules.json");
    return List.of(
        FuzzTarget.alone(
            "generation-config",
            GenerationConfig.FILE,
            List.of(bytes(GENERATION)),
            Mutations::json,
            (folder, input) -> generate(folder)),
        embedding("embedding-modules", "modules.json", List.of(modules))
            .beside("1_Pooling/config.json", pooling),
        embedding(
                "embedding-pooling",
                "1_Pooling/config.json",
                List.of(pooling, bytes(POOLING_BY_SWITCHES)))
            .beside("modules.json", modules),
        embedding(
                "embedding-length",
                "sentence_bert_config.json",
                List.of(fixture("mean/sentence_bert_config.json"), bytes(CUT_AT)))
            .beside("modules.json", modules)
            .beside("1_Pooling/config.json", pooling),
        embedding(
                "embedding-prompts",
                "config_sentence_transformers.json",
                List.of(fixture("mean/config_sentence_transformers.json"), bytes(PROMPTS)))
            .beside("modules.json", modules)
            .beside("1_Pooling/config.json", pooling),
        embedding("embedding-dense", "2_Dense/config.json", List.of(dense))
            .beside("modules.json", denseModules)
            .beside("2_Dense/model.safetensors", weights),
        FuzzTarget.alone(
                "embedding-dense-weights",
                "2_Dense/model.safetensors",
                List.of(weights),
                Mutations::safetensors,
                SettingsTargets::embed)
            .beside("modules.json", denseModules)
            .beside("2_Dense/config.json", dense));
  }

  private static void generate(Path folder) throws IOException {
    GenerationConfig config = GenerationConfig.of(folder);
    config.options().build();
    config.options(true, 1).build();
    config.options(false, 4).build();
  }

  private static FuzzTarget embedding(String name, String file, List<byte[]> seeds) {
    return FuzzTarget.alone(name, file, seeds, Mutations::json, SettingsTargets::embed);
  }

  private static void embed(Path folder, Path input) throws IOException {
    EmbeddingConfig config = EmbeddingConfig.of(folder);
    EmbeddingConfig.files(folder);
    config.options();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] fixture(String name) throws IOException {
    String path = "/fixtures/sentence_transformers/" + name;
    try (InputStream in = SettingsTargets.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new AssertionError("the fixture " + path + " is missing");
      }
      return in.readAllBytes();
    }
  }
}
