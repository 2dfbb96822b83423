// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointConverter;
import io.github.megabert.checkpoint.Fixtures;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.model.LoadOptions;
import io.github.megabert.model.MegatronBert;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.model.TensorAssertions;
import io.github.megabert.model.TransformersForward;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Megatron-LM's checkpoints give the logits that transformers recorded, opened or converted. */
class MegatronLogitsTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "megatron_v0_zip_fp16, checkpoint.zip",
    "megatron_v1_pt, model_optim_rng.pt",
    "megatron_v2_args, model_optim_rng.pt",
    "megatron_v3_args_legacy, model_optim_rng.pt"
  })
  void logitsMatchTransformers(String fixture, String file) throws IOException {
    Path input = Fixtures.transformers(fixture + "/" + file);
    Path config = Fixtures.transformers(fixture + "/expected_config.json");
    Path converted = folder.resolve("converted");
    Path ranks = folder.resolve("ranks");
    try (Checkpoint checkpoint = Checkpoint.open(input, config)) {
      assertLogits(fixture, checkpoint);
      new CheckpointConverter(checkpoint).toHuggingFace(converted);
      new CheckpointConverter(checkpoint).toMegatron(ranks, 2, 2);
    }
    for (Path written : new Path[] {converted, ranks}) {
      try (Checkpoint checkpoint = Checkpoint.open(written)) {
        assertLogits(fixture, checkpoint);
      }
    }
  }

  private static void assertLogits(String fixture, Checkpoint checkpoint) throws IOException {
    try (Safetensors cases =
            Safetensors.open(Fixtures.transformers(fixture + "/cases.safetensors"));
        Backend backend = Backends.open("scalar", BackendOptions.DEFAULT)) {
      Map<String, Tensor> inputs = new LinkedHashMap<>();
      for (String name : new String[] {"input_ids", "token_type_ids", "attention_mask"}) {
        inputs.put(name, cases.tensor(name));
      }
      MegatronBert model = MegatronBert.load(checkpoint, backend, LoadOptions.DEFAULT);
      Map<String, Tensor> outputs = TransformersForward.run(model, inputs, OutputOptions.NONE);
      for (String name : new String[] {"prediction_logits", "seq_relationship_logits"}) {
        Tensor found = outputs.get(name);
        if (found == null) {
          throw new AssertionError("no " + name + " among " + outputs.keySet());
        }
        TensorAssertions.assertClose(name, cases.tensor(name), found, 1e-5);
      }
    }
  }
}
