// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.Fixtures;
import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.SafetensorsWriter;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A result that is no number is not given out when the weights are why. */
class NotFiniteWeightsTest {
  private static final Path MODEL = Fixtures.transformers("MegatronBertForPreTraining");

  @TempDir private Path folder;

  private Checkpoint modelWith(String name, float value) throws IOException {
    Files.copy(MODEL.resolve("config.json"), folder.resolve("config.json"));
    try (Safetensors model = Safetensors.open(MODEL.resolve("model.safetensors"));
        Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      model.names().forEach(tensor -> tensors.put(tensor, model.tensor(tensor)));
      Tensor changed = Tensor.ofFloats(arena, model.shape(name), model.tensor(name).toFloatArray());
      changed.setFloat(3, value);
      tensors.put(name, changed);
      SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
    }
    return Checkpoint.open(folder);
  }

  @ParameterizedTest
  @CsvSource({
    "bert.encoder.layer.0.intermediate.dense.weight, NaN",
    "bert.encoder.layer.1.ln.bias, NaN",
    "bert.pooler.dense.weight, NaN",
    "cls.predictions.transform.dense.weight, Infinity",
    "cls.seq_relationship.weight, -Infinity",
  })
  void theWeightIsNamed(String name, float value) throws IOException {
    Batch batch = Batch.ofTokens(new int[][] {{1, 2, 3}});
    try (Checkpoint checkpoint = modelWith(name, value);
        Backend backend = Backends.open("scalar", BackendOptions.DEFAULT)) {
      MegatronBertForPreTraining model = MegatronBertForPreTraining.load(checkpoint, backend);
      String message =
          assertThrows(
                  IllegalStateException.class,
                  () -> model.forward(batch, null, null, OutputOptions.NONE))
              .getMessage();
      String said =
          "tensor " + name + " of " + checkpoint.source() + " holds " + value + " (element 3)";
      assertTrue(message.startsWith(said), message);
      assertEquals(message, evaluate(model));
    }
  }

  private static String evaluate(MegatronBertForPreTraining model) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Path data = Files.createTempFile("megabert", ".safetensors");
      SafetensorsWriter.write(
          data,
          Map.of(
              "input_ids", Tensor.ofLongs(arena, Shape.of(1, 3), 1, 2, 3),
              "labels", Tensor.ofLongs(arena, Shape.of(1, 3), -100, 5, -100),
              "next_sentence_label", Tensor.ofLongs(arena, Shape.of(1), 1)));
      try (Safetensors tensors = Safetensors.open(data)) {
        return String.valueOf(
            assertThrows(
                    IllegalStateException.class, () -> PreTrainingEvaluation.of(model, tensors, 1))
                .getMessage());
      } finally {
        Files.delete(data);
      }
    }
  }

  /** What the caller gives may be no number; that is not the weights' fault. */
  @Test
  void aResultThatIsNotFiniteForTheCallersNumbersIsGiven() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(MODEL);
        Backend backend = Backends.open("scalar", BackendOptions.DEFAULT);
        Arena arena = Arena.ofConfined()) {
      MegatronBertForPreTraining model = MegatronBertForPreTraining.load(checkpoint, backend);
      int hidden = model.config().hiddenSize();
      Tensor embeds = Tensor.allocate(arena, DType.F32, Shape.of(2, hidden));
      embeds.setFloat(0, Float.NaN);
      Batch batch = Batch.rectangle(1, 2, null, null, null, null, embeds);
      ModelOutput.PreTraining output = model.forward(batch, null, null, OutputOptions.NONE);
      assertTrue(Float.isNaN(output.predictionLogits().getFloat(0)));
    }
  }
}
