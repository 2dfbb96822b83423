// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A JVM of its own, of 64 MB of heap, for what may end a JVM, or takes several. */
public final class ChildJvm {
  private ChildJvm() {}

  /** Starts the main method of a test's class; what it reports as errors goes to a file. */
  public static Process start(Path errors, Class<?> main, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-Xmx64m",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + errors.resolveSibling("crash.log"),
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                main.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(errors.toFile()).start();
  }

  /** What a process prints until it ends, which it must do well. */
  public static List<String> lines(Process process, Path errors) throws Exception {
    List<String> lines = process.inputReader(StandardCharsets.UTF_8).lines().toList();
    int code = process.waitFor();
    if (code != 0) {
      throw new AssertionError(
          "the JVM ended with " + code + " after " + lines + "\n" + Files.readString(errors));
    }
    return lines;
  }
}
