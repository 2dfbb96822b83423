// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.fuzz;

import io.github.megabert.hub.HubAnswers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;

/** Readers of what a hub of models answers. */
final class HubTargets {
  private static final String ANSWER =
      """
      {"id": "some/model", "sha": "0123456789abcdef0123456789abcdef01234567", "private": false,
       "siblings": [{"rfilename": "config.json"}, {"rfilename": "model.safetensors"},
                    {"rfilename": "1_Pooling/config.json"}, {"rfilename": "modules.json"}]}
      """;
  private static final String SHARDS =
      """
      {"metadata": {"total_size": 8},
       "weight_map": {"a.weight": "model-00001-of-00002.safetensors",
                      "a.bias": "model-00002-of-00002.safetensors"}}
      """;
  private static final String MODULES =
      """
      [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
       {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]
      """;

  private HubTargets() {}

  static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.alone(
            "hub-answer",
            "answer.json",
            List.of(bytes(ANSWER)),
            Mutations::json,
            (folder, input) -> HubAnswers.first(Files.readAllBytes(input))),
        FuzzTarget.alone(
            "hub-shards",
            "model.safetensors.index.json",
            List.of(bytes(SHARDS)),
            Mutations::json,
            (folder, input) ->
                HubAnswers.needed(
                    Set.of(
                        "config.json",
                        "model.safetensors.index.json",
                        "model-00001-of-00002.safetensors",
                        "model-00002-of-00002.safetensors"),
                    folder)),
        FuzzTarget.alone(
            "hub-modules",
            "modules.json",
            List.of(bytes(MODULES)),
            Mutations::json,
            (folder, input) ->
                HubAnswers.needed(
                    Set.of(
                        "config.json",
                        "model.safetensors",
                        "modules.json",
                        "1_Pooling/config.json"),
                    folder)));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
