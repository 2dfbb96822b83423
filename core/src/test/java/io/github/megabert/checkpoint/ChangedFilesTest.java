// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.backend.Backend;
import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertModel;
import io.github.megabert.model.OutputOptions;
import io.github.megabert.tensor.FileChangedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model's file that is changed in place is noticed; one that is replaced by renaming is not. */
class ChangedFilesTest {
  private static final String TENSOR = "bert.encoder.ln.weight";

  @TempDir private Path folder;

  private Path weights;

  @BeforeEach
  void copyModel() throws IOException {
    Path model = Fixtures.transformers("MegatronBertModel");
    weights = folder.resolve("model.safetensors");
    Files.copy(model.resolve("config.json"), folder.resolve("config.json"));
    Files.copy(model.resolve("model.safetensors"), weights);
  }

  /** Writes to the end of a file, at another time than it was written. */
  static void overwrite(Path file) throws IOException {
    FileTime before = Files.getLastModifiedTime(file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[64]), channel.size() - 64);
    }
    Files.setLastModifiedTime(file, FileTime.fromMillis(before.toMillis() + 5000));
  }

  @Test
  void tensorsOfAFileThatWasOverwrittenAreRefused() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      checkpoint.tensor(TENSOR);
      overwrite(weights);
      String message =
          assertThrows(CheckpointException.class, () -> checkpoint.tensor(TENSOR)).getMessage();
      assertTrue(message.startsWith(weights + " was changed in place since"), message);
      Path out = folder.resolve("out");
      assertThrows(
          CheckpointException.class, () -> new CheckpointConverter(checkpoint).toHuggingFace(out));
      assertFalse(Files.exists(out));
    }
  }

  @Test
  void answersOfAModelWhoseFileWasOverwrittenAreRefused() throws IOException {
    Batch batch = Batch.ofTokens(new int[][] {{1, 2, 3}});
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        Backend backend = Backends.open("vector", BackendOptions.DEFAULT)) {
      MegatronBertModel model = MegatronBertModel.load(checkpoint, backend);
      model.forward(batch, OutputOptions.NONE);
      overwrite(weights);
      FileChangedException changed =
          assertThrows(FileChangedException.class, () -> model.forward(batch, OutputOptions.NONE));
      assertTrue(String.valueOf(changed.getMessage()).contains("open it again"));
    }
  }

  @Test
  void anAnswerThatIsComputedMeanwhileIsNotGiven() throws IOException {
    Batch batch = Batch.ofTokens(new int[][] {{1, 2, 3}});
    AtomicBoolean armed = new AtomicBoolean();
    try (Checkpoint checkpoint =
            new ActsWhenRead(
                Checkpoint.open(folder),
                () -> {
                  if (armed.getAndSet(false)) {
                    overwriteUnchecked(weights);
                  }
                });
        Backend backend = Backends.open("vector", BackendOptions.DEFAULT)) {
      MegatronBertModel model = MegatronBertModel.load(checkpoint, backend);
      model.forward(batch, OutputOptions.NONE);
      armed.set(true);
      assertThrows(FileChangedException.class, () -> model.forward(batch, OutputOptions.NONE));
      assertFalse(armed.get());
    }
  }

  private static void overwriteUnchecked(Path file) {
    try {
      overwrite(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aFileThatIsReplacedByRenamingStaysAsItWas() throws IOException {
    Batch batch = Batch.ofTokens(new int[][] {{1, 2, 3}});
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        Backend backend = Backends.open("vector", BackendOptions.DEFAULT)) {
      MegatronBertModel model = MegatronBertModel.load(checkpoint, backend);
      float[] before = model.forward(batch, OutputOptions.NONE).lastHiddenState().toFloatArray();
      float[] weight = checkpoint.tensor(TENSOR).toFloatArray();
      Path other = folder.resolve("other");
      Files.write(other, new byte[10]);
      Files.move(other, weights, StandardCopyOption.REPLACE_EXISTING);
      assertArrayEquals(weight, checkpoint.tensor(TENSOR).toFloatArray());
      assertArrayEquals(
          before, model.forward(batch, OutputOptions.NONE).lastHiddenState().toFloatArray());
      Files.delete(weights);
      assertArrayEquals(weight, checkpoint.tensor(TENSOR).toFloatArray());
    }
  }

  @Test
  void tensorsOfPytorchAndMegatronFilesAreComparedToo() throws IOException {
    Path torch = folder.resolve("pytorch_model.bin");
    Files.copy(Fixtures.transformers("MegatronBertModel/pytorch_model.bin"), torch);
    assertChangeIsNoticed(torch, torch);
    Path run = folder.resolve("run");
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      new CheckpointConverter(checkpoint).toMegatron(run, 1, 2);
    }
    assertChangeIsNoticed(run, run.resolve("release/mp_rank_00_001/model_optim_rng.pt"));
  }

  private static void assertChangeIsNoticed(Path opened, Path changed) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(opened)) {
      checkpoint.requireUnchanged();
      overwrite(changed);
      assertThrows(FileChangedException.class, checkpoint::requireUnchanged);
      assertEquals(
          CheckpointException.class,
          assertThrows(IOException.class, () -> checkpoint.tensor(TENSOR)).getClass());
    }
  }
}
