// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A JVM that runs a class of the tests with options of its own. */
public final class ReportingProcess {
  private ReportingProcess() {}

  /**
   * What it prints to standard output.
   *
   * @param folder where that is kept
   */
  public static List<String> lines(Path folder, Class<?> main, String... options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx128m", "--add-modules", "jdk.incubator.vector"));
    command.addAll(List.of(options));
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(main.getName());
    Path output = folder.resolve("output");
    Path errors = folder.resolve("errors");
    Process process =
        new ProcessBuilder(command)
            .redirectError(errors.toFile())
            .redirectOutput(output.toFile())
            .start();
    boolean hasEnded = process.waitFor(10, TimeUnit.MINUTES);
    process.destroyForcibly();
    List<String> lines = Files.readAllLines(output, StandardCharsets.UTF_8);
    String told = lines + "\n" + Files.readString(errors);
    assertTrue(hasEnded, told);
    assertEquals(0, process.exitValue(), told);
    return lines;
  }
}
