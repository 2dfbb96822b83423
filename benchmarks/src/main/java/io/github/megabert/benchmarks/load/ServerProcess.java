// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks.load;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code megabert serve} as a process of its own, on a free port. */
final class ServerProcess implements AutoCloseable {
  private static final Pattern ADDRESS = Pattern.compile("http://127\\.0\\.0\\.1:\\d+");
  private static final int END_SECONDS = 60;

  private final Process process;
  private final String address;

  private ServerProcess(Process process, String address) {
    this.process = process;
    this.address = address;
  }

  /**
   * Starts it, and waits until it is ready.
   *
   * @param command the command and its options
   * @param more further options
   */
  static ServerProcess start(List<String> command, String... more) throws IOException {
    List<String> whole = new ArrayList<>(command);
    whole.addAll(List.of("--port", "0", "--no-access-log"));
    whole.addAll(List.of(more));
    Process process =
        new ProcessBuilder(whole).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    try {
      return new ServerProcess(process, awaitReady(process));
    } catch (IOException | RuntimeException failure) {
      process.destroyForcibly();
      throw new IOException("the server did not become ready: " + String.join(" ", whole), failure);
    }
  }

  /** Shows what it says, and gives its address once it is ready. */
  private static String awaitReady(Process process) throws IOException {
    BufferedReader said = process.errorReader(StandardCharsets.UTF_8);
    String address = "";
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      System.err.println(line);
      Matcher found = ADDRESS.matcher(line);
      if (found.find()) {
        address = found.group();
      }
      if (line.endsWith(": ready")) {
        Thread.ofVirtual().start(() -> said.lines().forEach(System.err::println));
        return address;
      }
    }
    throw new EOFException("it ended");
  }

  String address() {
    return address;
  }

  /** Bytes of memory that the process has, as Linux counts them. */
  long residentBytes() {
    try (var lines = Files.lines(Path.of("/proc", Long.toString(process.pid()), "status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Tells it to end, and waits for that. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("the server did not end within " + END_SECONDS + " s");
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
