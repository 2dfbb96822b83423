// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.megatron.MegatronCheckpoint;
import io.github.megabert.checkpoint.torch.TorchFile;
import io.github.megabert.checkpoint.torch.TorchStateDict;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files damaged at random either read or are refused in one sentence: no reader throws anything
 * else, runs on, or takes memory that the file does not back.
 *
 * <p>The normal run tries each reader {@value #USUAL_TRIES} times, a fifth of that where files are
 * written. A longer one: {@code ./mvnw -pl core test-compile surefire:test@default-test
 * -Dtest=MutatedFilesTest "-Dtest.jvm.flags=-Dmegabert.fuzz.tries=100000"}.
 */
class MutatedFilesTest {
  private static final int USUAL_TRIES = 600;
  private static final int TRIES = Integer.getInteger("megabert.fuzz.tries", USUAL_TRIES);

  @TempDir Path folder;

  /** Reads everything that a file offers. */
  private interface Reader {
    void read(byte[] file) throws IOException;
  }

  @Test
  void safetensors() throws IOException {
    Path file = folder.resolve("t.safetensors");
    try (Arena arena = Arena.ofConfined()) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (DType dtype : DType.values()) {
        tensors.put(dtype.name(), Tensor.allocate(arena, dtype, Shape.of(2, 4)));
      }
      SafetensorsWriter.write(file, tensors);
    }
    mutate(
        Files.readAllBytes(file),
        TRIES,
        bytes -> readAll(Safetensors.of(MemorySegment.ofArray(bytes), "mutated")));
  }

  @Test
  void stateDictsInPytorchsZipFormat() throws IOException {
    mutate(
        Files.readAllBytes(Fixtures.transformers("MegatronBertModel/pytorch_model.bin")),
        TRIES,
        bytes -> readAll(new TorchStateDict(open(bytes))));
  }

  @Test
  void megatronCheckpointsInPytorchsZipFormat() throws IOException {
    mutate(
        Files.readAllBytes(Fixtures.transformers("megatron_v2_args/model_optim_rng.pt")),
        TRIES,
        MutatedFilesTest::readMegatron);
  }

  @Test
  void megatronCheckpointsInTheOlderFormat() throws IOException {
    mutate(
        Files.readAllBytes(Fixtures.transformers("megatron_v3_args_legacy/model_optim_rng.pt")),
        TRIES,
        MutatedFilesTest::readMegatron);
  }

  @Test
  void filesInsideACompressedZip() throws IOException {
    mutate(
        Files.readAllBytes(Fixtures.transformers("megatron_v0_zip_fp16/checkpoint.zip")),
        TRIES / 5,
        bytes -> open(bytes).close());
  }

  @Test
  void foldersOfShardsAndTheirConfiguration() throws IOException {
    Path sharded = folder.resolve("sharded");
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.transformers("MegatronBertModel"))) {
      new CheckpointConverter(checkpoint).largestShard(120_000).toHuggingFace(sharded);
    }
    Path index = sharded.resolve("model.safetensors.index.json");
    Path config = sharded.resolve("config.json");
    byte[] intact = Files.readAllBytes(index);
    mutate(
        intact,
        TRIES / 5,
        bytes -> {
          Files.write(index, bytes);
          readAll(Checkpoint.open(sharded));
        });
    Files.write(index, intact);
    mutate(
        Files.readAllBytes(config),
        TRIES / 5,
        bytes -> {
          Files.write(config, bytes);
          readAll(Checkpoint.open(sharded));
        });
  }

  private static TorchFile open(byte[] bytes) throws IOException {
    return TorchFile.of(MemorySegment.ofArray(bytes), "mutated");
  }

  private static void readMegatron(byte[] bytes) throws IOException {
    try (TorchFile file = open(bytes)) {
      if (MegatronCheckpoint.isOne(file)) {
        readAll(MegatronCheckpoint.open(file, null, 0));
      }
    }
  }

  private static void readAll(NamedTensors tensors) throws IOException {
    try (tensors) {
      for (String name : tensors.names()) {
        tensors.tensor(name);
      }
    }
  }

  private static void mutate(byte[] intact, int tries, Reader reader) throws IOException {
    reader.read(intact);
    int refused = 0;
    for (int seed = 0; seed < tries; seed++) {
      byte[] file = mutated(intact, new SplittableRandom(seed));
      ThreadCost before = ThreadCost.now();
      try {
        reader.read(file);
      } catch (CheckpointException e) {
        refused++;
        String message = String.valueOf(e.getMessage());
        assertTrue(message.lines().count() == 1 && message.length() < 900, message);
      } catch (IOException | RuntimeException | StackOverflowError e) {
        throw new AssertionError("seed " + seed + " of " + intact.length + " bytes", e);
      }
      ThreadCost cost = ThreadCost.now().since(before);
      assertTrue(cost.seconds() < 1 && cost.megabytes() < 256, "seed " + seed + ": " + cost);
    }
    assertTrue(refused > tries / 10, "refused: " + refused);
  }

  /** A copy with one to eight bytes changed, mostly where files keep their structure. */
  private static byte[] mutated(byte[] intact, SplittableRandom random) {
    byte[] file = intact.clone();
    int changes = 1 + random.nextInt(8);
    for (int i = 0; i < changes; i++) {
      int at =
          switch (random.nextInt(4)) {
            case 0 -> random.nextInt(file.length);
            case 1 -> file.length - 1 - random.nextInt(Math.min(file.length, 4096));
            default -> random.nextInt(Math.min(file.length, 8192));
          };
      file[at] =
          (byte)
              switch (random.nextInt(4)) {
                case 0 -> file[at] ^ (1 << random.nextInt(8));
                case 1 -> 0xff;
                case 2 -> file[random.nextInt(file.length)];
                default -> random.nextInt(256);
              };
    }
    if (random.nextInt(8) == 0) {
      file = java.util.Arrays.copyOf(file, random.nextInt(file.length));
    }
    return file;
  }
}
