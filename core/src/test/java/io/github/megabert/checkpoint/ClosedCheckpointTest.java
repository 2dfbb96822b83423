// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertModel;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A checkpoint that is closed while something reads it ends that in a sentence that names it. */
class ClosedCheckpointTest {
  @TempDir private Path folder;

  /** Writes a checkpoint's conversion. */
  private interface Conversion {
    void write(CheckpointConverter converter, Path output) throws IOException;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "MegatronBertForPreTraining",
        "MegatronBertModel/pytorch_model.bin",
        "megatron_v2_args/model_optim_rng.pt",
        "megatron_v3_args_legacy/model_optim_rng.pt"
      })
  void aConversionEndsAndLeavesNothing(String fixture) throws IOException {
    Path input = Fixtures.transformers(fixture);
    List<Conversion> conversions =
        List.of(
            CheckpointConverter::toHuggingFace,
            (converter, output) -> converter.dtype(DType.BF16).toHuggingFace(output),
            (converter, output) -> converter.toMegatron(output, 1, 1));
    for (Conversion conversion : conversions) {
      Checkpoint between = Checkpoint.open(input);
      CheckpointConverter converter =
          new CheckpointConverter(between).progress((tensor, done, total) -> between.close());
      assertEquals(between.source() + " is closed", refusal(conversion, converter));

      Checkpoint meanwhile = Checkpoint.open(input);
      AtomicBoolean first = new AtomicBoolean(true);
      Checkpoint closing =
          new ActsWhenRead(
              meanwhile,
              () -> {
                if (first.getAndSet(false)) {
                  meanwhile.close();
                }
              });
      String told = refusal(conversion, new CheckpointConverter(closing));
      assertTrue(
          told.equals(meanwhile.source() + " is closed")
              || told.equals(
                  meanwhile.source()
                      + " was closed while it was read; keep it open until that has ended"),
          told);
    }
  }

  private String refusal(Conversion conversion, CheckpointConverter converter) throws IOException {
    Path output = folder.resolve("out");
    String message =
        assertThrows(IllegalStateException.class, () -> conversion.write(converter, output))
            .getMessage();
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(List.of(), left.toList());
    }
    return String.valueOf(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"vector", "scalar"})
  void aModelNamesTheCheckpointThatItReads(String name) throws IOException {
    Checkpoint checkpoint = Checkpoint.open(Fixtures.transformers("MegatronBertModel"));
    try (Backend backend = Backends.open(name, BackendOptions.DEFAULT)) {
      MegatronBertModel model = MegatronBertModel.load(checkpoint, backend);
      Batch batch = Batch.ofTokens(new int[][] {{1, 2, 3}});
      model.forward(batch, OutputOptions.NONE);
      checkpoint.close();
      assertEquals(
          checkpoint.source() + " is closed",
          assertThrows(IllegalStateException.class, () -> model.forward(batch, OutputOptions.NONE))
              .getMessage());
    }
  }

  @Test
  void closingTwiceIsHarmlessAndReadingAfterItIsNot() throws IOException {
    for (String fixture : new String[] {"MegatronBertModel", "megatron_v2_args"}) {
      Checkpoint checkpoint = Checkpoint.open(Fixtures.transformers(fixture));
      String name = checkpoint.names().iterator().next();
      checkpoint.close();
      checkpoint.close();
      assertTrue(
          String.valueOf(
                  assertThrows(IllegalStateException.class, () -> checkpoint.tensor(name))
                      .getMessage())
              .endsWith(" is closed"));
    }
  }
}
