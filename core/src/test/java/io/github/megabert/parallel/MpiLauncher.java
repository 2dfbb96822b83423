// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The {@code mpirun} of an implementation, with options by which a rank's end ends no others. */
public enum MpiLauncher {
  OPEN_MPI("Open MPI", "Open", "--oversubscribe --enable-recovery"),
  MPICH("MPICH", "HYDRA", "-disable-auto-cleanup");

  private final String label;
  private final String says;
  private final String options;

  MpiLauncher(String label, String says, String options) {
    this.label = label;
    this.says = says;
    this.options = options;
  }

  /** The start of a command line; skips the test, with a message, where there is none. */
  public List<String> command() throws IOException, InterruptedException {
    for (String name : List.of("mpirun.openmpi", "mpirun.mpich", "mpirun", "mpiexec")) {
      boolean isThere =
          Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
              .anyMatch(path -> Files.isExecutable(Path.of(path, name)));
      if (isThere) {
        Process version = new ProcessBuilder(name, "--version").redirectErrorStream(true).start();
        String told = new String(version.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        version.waitFor();
        if (told.contains(says)) {
          List<String> command = new ArrayList<>(List.of(name));
          command.addAll(List.of(options.split(" ")));
          return command;
        }
      }
    }
    assumeTrue(false, "no mpirun of " + label + " is on the path");
    throw new AssertionError("not reached");
  }

  /**
   * What all ranks print, and the launcher; the run must end within five minutes.
   *
   * @param start of the command line, before the number of ranks
   * @param ranks 0 for a process without a launcher
   * @param folder for the output
   */
  public static String run(
      List<String> start, int ranks, Path folder, Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(start);
    if (ranks > 0) {
      command.addAll(List.of("-n", String.valueOf(ranks)));
    }
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dstdout.encoding=UTF-8",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            main.getName()));
    command.addAll(Arrays.asList(arguments));
    Path output = folder.resolve("output.txt");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().put("OMPI_ALLOW_RUN_AS_ROOT", "1");
    builder.environment().put("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    Process process = builder.start();
    boolean hasEnded = process.waitFor(300, TimeUnit.SECONDS);
    process.destroyForcibly();
    String text = Files.readString(output);
    assertTrue(hasEnded, text);
    return text;
  }
}
