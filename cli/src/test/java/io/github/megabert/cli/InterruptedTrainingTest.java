// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.train.log.MetricsLine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A run that ends before its end, however that happens, goes on to the same bits. */
class InterruptedTrainingTest {
  private static final int STEPS = 150;
  private static final List<String> FLAGS =
      List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED");

  @TempDir private static Path shared;
  @TempDir private Path folder;

  private String[] line(Path output, String... more) throws IOException {
    Path texts = TrainingRuns.texts(folder.resolve("train.tsv"));
    List<String> all =
        new ArrayList<>(
            List.of(
                "--max-steps",
                String.valueOf(STEPS),
                "--validation",
                texts.toString(),
                "--evaluate-every",
                "30",
                "--save-every",
                "7",
                "--schedule",
                "cosine",
                "--warmup-ratio",
                "0.1"));
    all.addAll(List.of(more));
    return TrainingRuns.finetune(texts, output, all.toArray(String[]::new));
  }

  private Run start(String... line) throws IOException {
    return Run.start(folder, Map.of(), Run.java(FLAGS, line));
  }

  private static int lines(Path output) {
    try (Stream<String> lines = Files.lines(output.resolve("metrics.jsonl"))) {
      return (int) lines.count();
    } catch (IOException notYet) {
      return 0;
    } catch (UncheckedIOException changing) {
      return 0;
    }
  }

  private static void awaitLines(Path output, int count) throws InterruptedException {
    Run.await(count + " lines of metrics", () -> lines(output) >= count);
  }

  /** The run that no one interrupts, which the tests share. */
  private Path uninterrupted() throws IOException {
    Path output = shared.resolve("whole");
    if (!Files.exists(output)) {
      Terminal terminal = Terminal.run(line(output));
      assertEquals(0, terminal.exitCode(), terminal.err());
    }
    return output;
  }

  private static void assertSameRun(Path wanted, Path got) throws IOException {
    List<MetricsLine> lines = TrainingRuns.metrics(wanted);
    assertEquals(STEPS + STEPS / 30, lines.size());
    assertEquals(lines, TrainingRuns.metrics(got));
    assertArrayEquals(
        Files.readAllBytes(wanted.resolve("model.safetensors")),
        Files.readAllBytes(got.resolve("model.safetensors")));
  }

  @Test
  void aRunThatIsKilledTwiceGoesOnToTheSameBits() throws IOException, InterruptedException {
    Path output = folder.resolve("killed");
    String[] begin = line(output);
    String[] resume = line(output, "--resume");
    Run first = start(begin);
    awaitLines(output, 3);
    kill(first);
    Run second = start(resume);
    awaitLines(output, 40);
    kill(second);
    start(resume).succeed();
    assertSameRun(uninterrupted(), output);
  }

  private static void kill(Run run) throws InterruptedException {
    run.process().destroyForcibly();
    assertTrue(run.exitCode() != 0, "it had ended before it was killed");
  }

  @Test
  void aRunThatIsToldToEndStopsAfterItsStepAndGoesOnToTheSameBits()
      throws IOException, InterruptedException {
    Path output = folder.resolve("told");
    Run run = start(line(output));
    awaitLines(output, 10);
    run.process().destroy();
    assertStopped(run, output);
    start(line(output, "--resume")).succeed();
    assertSameRun(uninterrupted(), output);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void ctrlCStopsARunAfterItsStep() throws IOException, InterruptedException {
    Path output = folder.resolve("ctrl-c");
    // Who runs the tests in the background ignores the signal, and so would the child.
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
    command.addAll(Run.java(FLAGS, line(output)));
    Run run = Run.start(folder, Map.of(), command);
    awaitLines(output, 10);
    new ProcessBuilder("kill", "-INT", String.valueOf(run.process().pid())).start().waitFor();
    assertStopped(run, output);
  }

  /** Lines on standard error but for the JVM's own. */
  private static Stream<String> said(Run run) {
    return run.err().lines().filter(text -> !text.startsWith("WARNING: Using incubator"));
  }

  /** The last step's checkpoint is there, and nothing that is not whole. */
  private static void assertStopped(Run run, Path output) throws IOException, InterruptedException {
    assertEquals(130, run.exitCode(), run.err());
    assertEquals("", run.out());
    assertTrue(run.err().contains("--resume goes on from there"), run.err());
    assertTrue(said(run).allMatch(text -> text.startsWith("megabert: ")), run.err());
    long step = TrainingRuns.metrics(output).getLast().step();
    assertTrue(step < STEPS, "it ran to its end");
    Path checkpoint = output.resolve("checkpoints").resolve("step-" + step);
    assertTrue(Files.isRegularFile(checkpoint.resolve("state.json")), run.err());
    assertTrue(Files.isRegularFile(checkpoint.resolve("optimizer.safetensors")), run.err());
    try (Stream<Path> all = Files.walk(output)) {
      assertFalse(all.anyMatch(file -> file.toString().contains("incomplete")), "left over");
    }
  }

  /**
   * A limit of the size of files stands for a disk that is full: the model's file fits, the
   * optimizer's does not.
   */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aDiskThatIsFullEndsTheRunInASentenceAndLosesNothing()
      throws IOException, InterruptedException {
    Path output = folder.resolve("full");
    List<String> command =
        new ArrayList<>(List.of("bash", "-c", "ulimit -f 400; exec \"$@\"", "_"));
    command.addAll(Run.java(FLAGS, line(output)));
    Run run = Run.start(folder, Map.of(), command);
    assertEquals(1, run.exitCode(), run.err());
    String last = said(run).toList().getLast();
    assertTrue(last.contains("File too large"), run.err());
    assertTrue(last.contains("optimizer.safetensors"), run.err());
    assertTrue(said(run).allMatch(text -> text.startsWith("megabert: ")), run.err());
    start(line(output, "--resume")).succeed();
    assertSameRun(uninterrupted(), output);
  }
}
