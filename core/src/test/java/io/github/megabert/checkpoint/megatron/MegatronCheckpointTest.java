// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.Fixtures;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.safetensors.StrictJson;
import io.github.megabert.json.JsonMap;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MegatronCheckpointTest {
  @ParameterizedTest
  @CsvSource({
    "megatron_v0_zip_fp16, checkpoint.zip, F16",
    "megatron_v1_pt, model_optim_rng.pt, F32",
    "megatron_v2_args, model_optim_rng.pt, F32",
    "megatron_v3_args_legacy, model_optim_rng.pt, F16"
  })
  void fixturesBecomeExactlyWhatTransformersMadeOfThem(String folder, String file, String dtype)
      throws IOException {
    Path config = Fixtures.transformers(folder + "/expected_config.json");
    try (Checkpoint found = Checkpoint.open(Fixtures.transformers(folder + "/" + file), config);
        Safetensors expected =
            Safetensors.open(Fixtures.transformers(folder + "/expected.safetensors"))) {
      assertEquals(47, expected.names().size());
      assertEquals(Set.copyOf(expected.names()), Set.copyOf(found.names()));
      for (String name : expected.names()) {
        assertEquals(dtype, found.dtype(name).name(), name);
        assertEquals(expected.shape(name), found.shape(name), name);
        assertEquals(
            -1, expected.tensor(name).segment().mismatch(found.tensor(name).segment()), name);
      }
      Map<String, Object> wanted = JsonMap.of(StrictJson.readObject(config));
      for (Map.Entry<String, Object> field : wanted.entrySet()) {
        assertEquals(field.getValue(), found.config().get(field.getKey()), field.getKey());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"megatron_v2_args", "megatron_v3_args_legacy"})
  void storedArgumentsStandInForAConfiguration(String folder) throws IOException {
    Map<String, Object> wanted =
        JsonMap.of(StrictJson.readObject(Fixtures.transformers(folder + "/expected_config.json")));
    try (Checkpoint found =
        Checkpoint.open(Fixtures.transformers(folder + "/model_optim_rng.pt"))) {
      Map<String, Object> config = found.config();
      for (String field :
          new String[] {
            "model_type",
            "vocab_size",
            "hidden_size",
            "num_hidden_layers",
            "num_attention_heads",
            "intermediate_size",
            "max_position_embeddings",
            "type_vocab_size",
            "hidden_act",
            "layer_norm_eps"
          }) {
        assertEquals(wanted.get(field), config.get(field), field);
      }
      assertEquals(List.of("MegatronBertForPreTraining"), config.get("architectures"));
    }
  }

  @Test
  void withoutArgumentsTheNumberOfHeadsIsAskedForInsteadOfGuessed() {
    String message =
        assertThrows(
                CheckpointException.class,
                () -> Checkpoint.open(Fixtures.transformers("megatron_v0_zip_fp16/checkpoint.zip")))
            .getMessage();
    assertTrue(message.contains("give a configuration file with num_attention_heads"), message);
  }
}
