// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.train.log.MetricsLine.Split;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
  private static final String STEP_1 =
      "{\"step\":1,\"epoch\":0.5,\"loss\":2.25,\"learning_rate\":1.0E-4,\"grad_norm\":1.5,"
          + "\"tokens_per_second\":1000.0}\n";
  private static final String EVALUATION_1 =
      "{\"step\":1,\"evaluation\":\"validation\",\"metrics\":{\"loss\":2.0,\"accuracy\":0.5}}\n";
  private static final String STEP_2 =
      "{\"step\":2,\"epoch\":1.0,\"loss\":null,\"learning_rate\":0.0,\"grad_norm\":null,"
          + "\"tokens_per_second\":900.0}\n";

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("metrics.jsonl");
  }

  private static List<MetricsLine> lines() {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("loss", 2.0);
    metrics.put("accuracy", 0.5);
    return List.of(
        new MetricsLine.Step(1, 0.5, 2.25, 1e-4, 1.5, 1000),
        new MetricsLine.Evaluation(1, Split.VALIDATION, metrics),
        new MetricsLine.Step(2, 1, Double.NaN, 0, Double.POSITIVE_INFINITY, 900));
  }

  private void writeAll() throws IOException {
    try (MetricsLog log = MetricsLog.create(file)) {
      for (MetricsLine line : lines()) {
        log.append(line);
      }
      log.force();
    }
  }

  @Test
  void aLineAStepAndALineAnEvaluation() throws IOException {
    writeAll();
    assertEquals(STEP_1 + EVALUATION_1 + STEP_2, Files.readString(file));
  }

  @Test
  void linesComeBackAndInfinityIsNoNumber() throws IOException {
    writeAll();
    List<MetricsLine> expected =
        List.of(
            lines().get(0),
            lines().get(1),
            new MetricsLine.Step(2, 1, Double.NaN, 0, Double.NaN, 900));
    assertEquals(expected, MetricsLog.read(file));
  }

  @Test
  void aRunThatResumesKeepsTheLinesUpToItsStep() throws IOException {
    writeAll();
    try (MetricsLog log = MetricsLog.resume(file, 1)) {
      assertEquals(STEP_1 + EVALUATION_1, Files.readString(file));
      log.append(lines().get(2));
    }
    assertEquals(STEP_1 + EVALUATION_1 + STEP_2, Files.readString(file));
    MetricsLog.resume(file, 0).close();
    assertEquals("", Files.readString(file));
  }

  @Test
  void aLineThatIsCutIsRemoved() throws IOException {
    writeAll();
    Files.writeString(file, STEP_1.substring(0, 40), StandardOpenOption.APPEND);
    assertEquals(3, MetricsLog.read(file).size());
    MetricsLog.resume(file, 9).close();
    assertEquals(STEP_1 + EVALUATION_1 + STEP_2, Files.readString(file));
    Files.writeString(file, STEP_1 + "{\"step\":2\n" + STEP_2);
    MetricsLog.resume(file, 9).close();
    assertEquals(STEP_1, Files.readString(file));
  }

  @Test
  void withoutALogOneBegins() throws IOException {
    try (MetricsLog log = MetricsLog.resume(file, 5)) {
      log.append(lines().getFirst());
    }
    assertEquals(STEP_1, Files.readString(file));
    assertThrows(FileAlreadyExistsException.class, () -> MetricsLog.create(file));
  }

  @Test
  @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aPipeIsRefusedAndNotWaitedFor() throws Exception {
    assertEquals(0, new ProcessBuilder("mkfifo", file.toString()).start().waitFor());
    String refusal =
        file + " is a pipe or a device where a file was expected; copy its content into a file";
    assertEquals(
        refusal, assertThrows(IOException.class, () -> MetricsLog.read(file)).getMessage());
    assertEquals(
        refusal, assertThrows(IOException.class, () -> MetricsLog.resume(file, 1)).getMessage());
    assertThrows(FileAlreadyExistsException.class, () -> MetricsLog.create(file));
  }

  @Test
  void whatIsNoLogIsNamedByItsLine() throws IOException {
    Files.writeString(file, STEP_1 + "{\"loss\":1}\n");
    assertEquals(
        file + ", line 2: no metrics of a step or an evaluation",
        assertThrows(IOException.class, () -> MetricsLog.read(file)).getMessage());
  }
}
