// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A process of its own, with files for its output. */
final class Run {
  /** Far more than any run takes on the slowest machine: a test fails then, and does not hang. */
  private static final long LIMIT_SECONDS = 300;

  private final Process process;
  private final Path out;
  private final Path err;

  private Run(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
  }

  /**
   * Starts a command with an empty standard input.
   *
   * @param folder for the output
   * @param environment the whole of it, but for JAVA_HOME and PATH where it does not name them
   */
  static Run start(Path folder, Map<String, String> environment, List<String> command)
      throws IOException {
    Path out = Files.createTempFile(folder, "run", ".out");
    Path err = Files.createTempFile(folder, "run", ".err");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    Map<String, String> all = builder.environment();
    String path = all.get("PATH");
    all.clear();
    all.put("PATH", path);
    all.put("JAVA_HOME", System.getProperty("java.home"));
    all.putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    return new Run(process, out, err);
  }

  /** A command as {@code java} runs it, with this JVM's class path and none of its flags. */
  static List<String> java(List<String> flags, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    command.add("-cp");
    command.add(classPath());
    command.add(Main.class.getName());
    command.addAll(List.of(arguments));
    return command;
  }

  /** What the tests run with; Surefire's own class path is one jar. */
  static String classPath() {
    return System.getProperty(
        "surefire.test.class.path", System.getProperty("java.class.path", ""));
  }

  /** Waits for the end; the exit code. */
  int exitCode() throws InterruptedException {
    assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "it does not end: " + err());
    return process.exitValue();
  }

  /** Waits for the end, which must be a success; the standard output. */
  String succeed() throws InterruptedException {
    int code = exitCode();
    assertTrue(code == 0, () -> "exit code " + code + ": " + err());
    return out();
  }

  Process process() {
    return process;
  }

  String out() {
    return read(out);
  }

  String err() {
    return read(err);
  }

  /** Waits until something is so. */
  static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "waited in vain for " + what);
      Thread.sleep(20);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
