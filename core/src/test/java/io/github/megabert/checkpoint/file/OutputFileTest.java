// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.checkpoint.Safetensors;
import io.github.megabert.checkpoint.SafetensorsRows;
import io.github.megabert.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A file appears whole or not at all, and nothing else is touched. */
class OutputFileTest {
  @TempDir private Path folder;

  private static void write(OutputFile file, String text) throws IOException {
    file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), 0);
  }

  private static void writeWhole(Path target, String text) throws IOException {
    try (OutputFile file = OutputFile.create(target)) {
      write(file, text);
      file.commit();
    }
  }

  private List<Path> entries() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.sorted().toList();
    }
  }

  @Test
  void theFileIsThereAtCommitAndNotBefore() throws IOException {
    Path target = folder.resolve("out");
    try (OutputFile file = OutputFile.create(target)) {
      write(file, "whole");
      assertFalse(Files.exists(target));
      assertEquals(1, entries().size());
      file.commit();
    }
    assertEquals("whole", Files.readString(target));
    assertEquals(List.of(target), entries());
  }

  @Test
  void withoutACommitNothingRemains() throws IOException {
    Path target = folder.resolve("out");
    Files.writeString(target, "old");
    try (OutputFile file = OutputFile.create(target)) {
      write(file, "half");
    }
    assertEquals("old", Files.readString(target));
    assertEquals(List.of(target), entries());
  }

  @Test
  void ofTwoWritersTheLaterOneWinsWhole() throws IOException {
    Path target = folder.resolve("out");
    try (OutputFile first = OutputFile.create(target);
        OutputFile second = OutputFile.create(target)) {
      write(first, "first, longer");
      write(second, "second");
      first.commit();
      assertEquals("first, longer", Files.readString(target));
      second.commit();
    }
    assertEquals("second", Files.readString(target));
    assertEquals(List.of(target), entries());
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aFileKeepsItsPermissions() throws IOException {
    for (String permissions : new String[] {"rw-------", "rw-rw-rw-", "rwxr-x---"}) {
      Path target = folder.resolve("out" + permissions);
      Files.writeString(target, "old");
      Files.setPosixFilePermissions(target, PosixFilePermissions.fromString(permissions));
      writeWhole(target, "new");
      assertEquals("new", Files.readString(target));
      assertEquals(
          permissions, PosixFilePermissions.toString(Files.getPosixFilePermissions(target)));
    }
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aLinkStaysAndItsFileIsReplaced() throws IOException {
    Path real = Files.createDirectory(folder.resolve("real")).resolve("file");
    Files.writeString(real, "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), real);
    writeWhole(link, "new");
    assertTrue(Files.isSymbolicLink(link));
    assertEquals("new", Files.readString(real));
    Path nowhere = Files.createSymbolicLink(folder.resolve("nowhere"), folder.resolve("missing"));
    refused(nowhere, "which is not there");
    Path toFolder = Files.createSymbolicLink(folder.resolve("to-folder"), folder.resolve("real"));
    refused(toFolder, "is a folder");
    assertTrue(Files.isSymbolicLink(toFolder));
  }

  @Test
  void aMessageNamesTheTarget() {
    refused(folder, "is a folder");
    refused(folder.resolve("no").resolve("file"), "there is no folder");
  }

  private static void refused(Path target, String words) {
    IOException refusal = assertThrows(IOException.class, () -> OutputFile.create(target));
    assertTrue(refusal.getMessage().startsWith(target.toString()), refusal.getMessage());
    assertTrue(refusal.getMessage().contains(words), refusal.getMessage());
    assertFalse(refusal.getMessage().contains("incomplete"), refusal.getMessage());
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aPipeIsWrittenAndStays() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    CompletableFuture<String> read =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return Files.readString(pipe);
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    writeWhole(pipe, "through the pipe");
    assertEquals("through the pipe", read.get(1, TimeUnit.MINUTES));
    assertFalse(Files.isRegularFile(pipe));
    assertEquals(List.of(pipe), entries());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aFullDiskIsSaidWithTheTargetsName() throws IOException {
    Path full = Path.of("/dev/full");
    try (OutputFile file = OutputFile.create(full)) {
      write(file, "text");
      IOException failure = assertThrows(IOException.class, file::commit);
      assertTrue(
          failure.getMessage().startsWith("/dev/full cannot be written: "), failure.getMessage());
    }
  }

  @Test
  void rowsMakeASafetensorsFileWhateverTheirNumber() throws IOException {
    for (int rows : new int[] {0, 1, 70_000}) {
      Path target = folder.resolve("rows.safetensors");
      try (SafetensorsRows file = new SafetensorsRows(target, "embeddings", 3)) {
        for (int i = 0; i < rows; i++) {
          file.add(new float[] {i, 1 - i, 0.5f});
        }
        assertThrows(IllegalArgumentException.class, () -> file.add(new float[2]));
        file.commit();
      }
      try (Safetensors read = Safetensors.open(target)) {
        assertEquals(Shape.of(rows, 3), read.tensor("embeddings").shape());
        if (rows > 0) {
          float[] values = read.tensor("embeddings").toFloatArray();
          float last = rows - 1;
          assertArrayEquals(
              new float[] {last, 1 - last, 0.5f},
              new float[] {
                values[values.length - 3], values[values.length - 2], values[values.length - 1]
              });
        }
      }
    }
  }
}
