// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A conversion whose process is told to end, or killed, leaves nothing that looks whole. */
class InterruptedConversionTest {
  private static final Path INPUT =
      Path.of("..", "demo-model", "src", "main", "resources", "io", "github", "megabert", "demo");

  @TempDir private Path folder;

  /** A process that converts slowly: {@code INPUT OUTPUT MILLISECONDS-A-TENSOR FORMAT}. */
  static final class SlowConversion {
    private SlowConversion() {}

    public static void main(String[] arguments) throws IOException {
      long pause = Long.parseLong(arguments[2]);
      try (Checkpoint input = Checkpoint.open(Path.of(arguments[0]))) {
        CheckpointConverter converter =
            new CheckpointConverter(input)
                .progress(
                    (tensor, done, total) -> {
                      System.out.println(tensor);
                      sleep(pause);
                    });
        if (arguments[3].equals("megatron")) {
          converter.toMegatron(Path.of(arguments[1]), 2, 2);
        } else {
          converter.toHuggingFace(Path.of(arguments[1]));
        }
      }
    }

    private static void sleep(long millis) {
      try {
        Thread.sleep(millis);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Starts a conversion, and returns when it has written the first tensor. */
  private Process start(long pause, String format) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                SlowConversion.class.getName(),
                INPUT.toString(),
                folder.resolve("out").toString(),
                Long.toString(pause),
                format)
            .redirectError(folder.resolve("err.txt").toFile())
            .start();
    if (process.inputReader(StandardCharsets.UTF_8).readLine() == null) {
      throw new AssertionError(Files.readString(folder.resolve("err.txt")));
    }
    assertEquals(1, incomplete().size());
    return process;
  }

  private List<Path> incomplete() throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(path -> path.toString().contains(".out.incomplete-"))
          .filter(Files::isDirectory)
          .toList();
    }
  }

  /** The pauses are shorter and longer than the time that a process which ends waits. */
  @ParameterizedTest
  @CsvSource({"100, huggingface", "100, megatron", "20000, huggingface"})
  void aProcessThatIsToldToEndRemovesWhatItHasWritten(long pause, String format) throws Exception {
    Process process = start(pause, format);
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      // SIGINT is ignored by processes whose ancestor a shell started in the background.
      process.destroy();
    }
    assertTrue(process.waitFor(10, TimeUnit.SECONDS));
    assertTrue(process.exitValue() > 1, "exit code " + process.exitValue());
    assertEquals(List.of(), incomplete());
    assertFalse(Files.exists(folder.resolve("out")));
  }

  @Test
  void whatAKilledProcessLeftDoesNotLoadAndIsRemovedByTheNextConversion() throws Exception {
    Process process = start(1000, "huggingface");
    process.destroyForcibly().waitFor();
    Path leftover = incomplete().getFirst();
    assertFalse(Files.exists(folder.resolve("out")));
    assertThrows(IOException.class, () -> Checkpoint.open(leftover).close());
    convert();
    assertEquals(List.of(), incomplete());
    Checkpoint.open(folder.resolve("out")).close();
  }

  @Test
  void whatAnotherProcessIsStillWritingIsLeftAlone() throws Exception {
    Process process = start(1000, "huggingface");
    Path theirs = incomplete().getFirst();
    convert();
    assertEquals(List.of(theirs), incomplete());
    process.destroy();
    assertTrue(process.waitFor(10, TimeUnit.SECONDS));
    assertEquals(List.of(), incomplete());
    Checkpoint.open(folder.resolve("out")).close();
  }

  private void convert() throws IOException {
    try (Checkpoint input = Checkpoint.open(INPUT)) {
      new CheckpointConverter(input).toHuggingFace(folder.resolve("out"));
    }
    try (Stream<Path> files = Files.list(folder.resolve("out"))) {
      assertEquals(
          List.of("config.json", "model.safetensors"),
          files.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }
}
