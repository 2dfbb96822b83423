// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.checkpoint.CheckpointConverter;
import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.Fixtures;
import io.github.megabert.checkpoint.file.LittleEndian;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rank files that are not of one run and one iteration are refused, not merged. */
class MegatronRanksTest {
  @TempDir private Path folder;

  private Path run;

  @BeforeEach
  void writeRun() throws IOException {
    run = folder.resolve("run");
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.transformers("MegatronBertModel"))) {
      new CheckpointConverter(checkpoint).toMegatron(run, 1, 2);
    }
    Checkpoint.open(run).close();
  }

  private Path file(String rank) {
    return run.resolve("release").resolve(rank).resolve("model_optim_rng.pt");
  }

  private void assertRefused(String reason) {
    String message =
        assertThrows(CheckpointException.class, () -> Checkpoint.open(run).close()).getMessage();
    assertTrue(message.contains(reason), message);
  }

  @Test
  void twoFoldersOfOneRankAreRefused() throws IOException {
    for (String twin : new String[] {"mp_rank_000_000", "mp_rank_00", "mp_rank_00_0001"}) {
      Files.createDirectory(file(twin).getParent());
      Files.copy(file("mp_rank_00_001"), file(twin));
      assertRefused("are of the same rank");
      Files.delete(file(twin));
      Files.delete(file(twin).getParent());
    }
  }

  @Test
  void ranksOfOtherIterationsVersionsAndModelsAreRefused() throws IOException {
    byte[] intact = Files.readAllBytes(file("mp_rank_00_001"));
    patch("iteration", new byte[] {'J', 7, 0, 0, 0});
    assertRefused("mp_rank_00_001/model_optim_rng.pt has iteration 7, ");
    Files.write(file("mp_rank_00_001"), intact);
    byte[] two = ByteBuffer.allocate(9).put((byte) 'G').putDouble(2).array();
    patch("checkpoint_version", two);
    assertRefused("has checkpoint_version 2.0, ");
    Files.write(file("mp_rank_00_001"), intact);
    patch("num_attention_heads", new byte[] {'J', 8, 0, 0, 0});
    assertRefused("was trained with num_attention_heads 8, ");
    Files.write(file("mp_rank_00_001"), intact);
    patch("iteration", new byte[] {'J', 0, 0, 0, 0});
    Checkpoint.open(run).close();
  }

  @Test
  void noPipelineIsWrittenInMegatronCoresNames() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.transformers("MegatronBertModel"))) {
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class,
              () -> MegatronPartition.of(checkpoint, MegatronDialect.CORE, 1, 2));
      assertEquals(
          "a pipeline of 2 stages is not written in Megatron core's names; write one stage, or"
              + " Megatron-LM's own names",
          refused.getMessage());
    }
  }

  /** Writes another value behind a name in the second rank's tree, whose checksum goes. */
  private void patch(String name, byte[] value) throws IOException {
    byte[] bytes = Files.readAllBytes(file("mp_rank_00_001"));
    byte[] key = name.getBytes(StandardCharsets.US_ASCII);
    int at = 0;
    while (!Arrays.equals(bytes, at, at + key.length, key, 0, key.length)) {
      at++;
    }
    System.arraycopy(value, 0, bytes, at + key.length, value.length);
    MemorySegment file = MemorySegment.ofArray(bytes);
    int directory = at;
    while (file.get(LittleEndian.INT, directory) != 0x02014b50) {
      directory++;
    }
    file.set(LittleEndian.INT, directory + 16, 0);
    Files.write(file("mp_rank_00_001"), bytes);
  }
}
