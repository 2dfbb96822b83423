// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
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

/** A file of vectors whose process is told to end leaves nothing. */
class InterruptedOutputTest {
  @TempDir private Path folder;

  /** A process that writes rows and does not come to an end by itself: {@code FILE}. */
  static final class EndlessRows {
    private static final int ROWS = 10_000;

    private EndlessRows() {}

    public static void main(String[] arguments) throws Exception {
      try (SafetensorsRows rows = new SafetensorsRows(Path.of(arguments[0]), "embeddings", 64)) {
        for (int i = 0; i < ROWS; i++) {
          rows.add(new float[64]);
        }
        System.out.println(rows.rows());
        Thread.sleep(TimeUnit.MINUTES.toMillis(10));
        rows.commit();
      }
    }
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aProcessThatIsToldToEndRemovesTheRowsItHasWritten() throws Exception {
    Path errors = folder.resolve("err.txt");
    Path output = folder.resolve("vectors.safetensors");
    Process process = ChildJvm.start(errors, EndlessRows.class, output.toString());
    assertEquals("10000", process.inputReader(StandardCharsets.UTF_8).readLine());
    assertEquals(2, files().size(), files().toString());
    assertTrue(files().getFirst().startsWith(".vectors.safetensors."), files().toString());
    process.destroy();
    assertTrue(process.waitFor(1, TimeUnit.MINUTES));
    assertEquals(List.of("err.txt"), files());
  }
}
