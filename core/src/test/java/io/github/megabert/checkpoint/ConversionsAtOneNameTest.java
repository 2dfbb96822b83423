// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Of several conversions to one name one succeeds, and what it wrote is whole. */
class ConversionsAtOneNameTest {
  private static final int ROUNDS = 40;

  @TempDir private Path folder;

  /** A process that converts to one new name after another: {@code INPUT OUTPUT START}. */
  static final class Converting {
    private Converting() {}

    public static void main(String[] arguments) throws IOException {
      System.getLogger("io.github.megabert").log(System.Logger.Level.TRACE, "begin");
      Path output = Path.of(arguments[1]);
      long start = Long.parseLong(arguments[2]);
      try (Checkpoint input = Checkpoint.open(Path.of(arguments[0]))) {
        for (int round = 0; round < ROUNDS; round++) {
          while (System.currentTimeMillis() < start + round * 40L) {
            Thread.onSpinWait();
          }
          try {
            new CheckpointConverter(input).toHuggingFace(output.resolve("out-" + round));
            System.out.println("written " + round);
          } catch (CheckpointException e) {
            if (!String.valueOf(e.getMessage()).contains("already exists")) {
              throw e;
            }
          }
        }
      }
    }
  }

  @Test
  void ofSeveralProcessesOneWrites() throws Exception {
    Path input = Fixtures.transformers("MegatronBertModel");
    String start = Long.toString(System.currentTimeMillis() + 1500);
    Path errors = folder.resolve("err");
    List<Process> processes = new ArrayList<>();
    Path output = Files.createDirectory(folder.resolve("outputs"));
    for (int i = 0; i < 3; i++) {
      processes.add(
          ChildJvm.start(
              folder.resolve("err" + i),
              Converting.class,
              input.toString(),
              output.toString(),
              start));
    }
    List<String> written = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      written.addAll(ChildJvm.lines(processes.get(i), errors.resolveSibling("err" + i)));
    }
    assertEquals(ROUNDS, written.size());
    for (int round = 0; round < ROUNDS; round++) {
      assertEquals(List.of("config.json", "model.safetensors"), names("outputs/out-" + round));
    }
    assertEquals(ROUNDS, names("outputs").size());
  }

  private List<String> names(String path) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(path))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void whatAppearsMeanwhileIsNotReplaced() throws IOException {
    Path out = folder.resolve("out");
    try (Checkpoint input = Checkpoint.open(Fixtures.transformers("MegatronBertModel"))) {
      CheckpointConverter converter =
          new CheckpointConverter(input)
              .progress(
                  (tensor, done, total) -> {
                    if (done == total) {
                      write(out.resolve("mine"));
                    }
                  });
      String message =
          assertThrows(CheckpointException.class, () -> converter.toHuggingFace(out)).getMessage();
      assertTrue(message.contains("already exists"), message);
      // In one process the second is refused at once.
      CheckpointConverter within =
          new CheckpointConverter(input)
              .progress(
                  (tensor, done, total) ->
                      assertTrue(
                          assertThrows(
                                  CheckpointException.class,
                                  () ->
                                      new CheckpointConverter(input)
                                          .toHuggingFace(folder.resolve("two")))
                              .getMessage()
                              .contains("being written already")));
      within.toHuggingFace(folder.resolve("two"));
    }
    assertEquals(List.of("mine"), names("out"));
    assertEquals(List.of("config.json", "model.safetensors"), names("two"));
    assertEquals(List.of("out", "two"), names("."));
  }

  private static void write(Path file) {
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, "mine");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void linksAreNotReplaced() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), empty);
    Path dangling = Files.createSymbolicLink(folder.resolve("dangling"), folder.resolve("no"));
    try (Checkpoint input = Checkpoint.open(Fixtures.transformers("MegatronBertModel"))) {
      for (Path target : List.of(link, dangling)) {
        String message =
            assertThrows(
                    CheckpointException.class,
                    () -> new CheckpointConverter(input).toHuggingFace(target))
                .getMessage();
        assertTrue(message.startsWith(target + " is a symbolic link"), message);
        assertTrue(Files.isSymbolicLink(target));
      }
      new CheckpointConverter(input).toHuggingFace(empty);
    }
    assertEquals(List.of("config.json", "model.safetensors"), names("empty"));
    assertFalse(Files.exists(folder.resolve("no")));
  }
}
