package io.github.megabert.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.testing.RandomInput;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Ranks in processes of their own, over every MPI whose {@code mpirun} is on the path. */
class MpiRanksTest {
  /** An implementation, and the options with which a rank's end does not end the others. */
  enum Implementation {
    OPEN_MPI("Open MPI", "Open", "--oversubscribe --enable-recovery"),
    MPICH("MPICH", "HYDRA", "-disable-auto-cleanup");

    private final String label;
    private final String says;
    private final String options;

    Implementation(String label, String says, String options) {
      this.label = label;
      this.says = says;
      this.options = options;
    }
  }

  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource
  void operationsEqualPlainLoops(Implementation mpi) throws Exception {
    List<String> start = mpirun(mpi);
    RandomInput.check(
        1,
        input -> {
          String output = run(start, 3, "claims", input.random().nextLong());
          assertEquals(3, output.lines().filter("done"::equals).count(), output);
        });
  }

  @ParameterizedTest
  @EnumSource
  void aRankThatThrowsEndsTheOthersByItsName(Implementation mpi) throws Exception {
    assertEquals(
        List.of(
            "IllegalStateException: the disk is full",
            "RankFailedException: rank 2 failed: the disk is full",
            "RankFailedException: rank 2 failed: the disk is full"),
        run(mpirun(mpi), 3, "throw", 0)
            .lines()
            .filter(line -> line.contains("Exception: "))
            .sorted()
            .toList());
  }

  /** In an operation of ours, and in a function of MPI that waits. */
  @ParameterizedTest
  @EnumSource
  void aRankThatIsKilledEndsTheOthersByItsName(Implementation mpi) throws Exception {
    List<String> start = mpirun(mpi);
    for (String wait : List.of("kill", "split")) {
      String output = run(start, 2, wait, 0);
      assertEquals(
          1,
          output
              .lines()
              .filter(
                  line ->
                      line.matches(
                          ".*rank 1 \\(.*, process [0-9]+\\) has ended before the run was over"))
              .count(),
          output);
    }
  }

  @Test
  void aProcessThatMpirunDidNotStartIsTold() throws Exception {
    assertEquals(
        "MpiException: this process was not started by mpirun; start it as `mpirun -n 4 …`, or run"
            + " ranks as threads\n",
        run(List.of(), 0, "none", 0));
  }

  @Test
  void aLibraryThatIsNoneIsTold() throws Exception {
    List<String> start = List.of("env", "PMI_SIZE=1", "MEGABERT_MPI_LIBRARY=libnone.so");
    assertEquals(
        "MpiException: no MPI library found (tried libnone.so); install Open MPI or MPICH, or name"
            + " the file in MEGABERT_MPI_LIBRARY\n",
        run(start, 0, "none", 0));
    String notMpi =
        run(List.of("env", "PMI_SIZE=1", "MEGABERT_MPI_LIBRARY=libc.so.6"), 0, "none", 0);
    assertEquals(
        "MpiException: libc.so.6 is no MPI library: MPI_Get_library_version is missing\n", notMpi);
  }

  /** The start of a command line; skips the test, with a message, where there is none. */
  private static List<String> mpirun(Implementation mpi) throws Exception {
    for (String name : List.of("mpirun.openmpi", "mpirun.mpich", "mpirun", "mpiexec")) {
      boolean isThere =
          Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
              .anyMatch(path -> Files.isExecutable(Path.of(path, name)));
      if (isThere) {
        Process version = new ProcessBuilder(name, "--version").redirectErrorStream(true).start();
        String says = new String(version.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        version.waitFor();
        if (says.contains(mpi.says)) {
          List<String> command = new ArrayList<>(List.of(name));
          command.addAll(List.of(mpi.options.split(" ")));
          return command;
        }
      }
    }
    assumeTrue(false, "no mpirun of " + mpi.label + " is on the path");
    throw new AssertionError("not reached");
  }

  /** What all ranks print, and the launcher; the run must end within a minute. */
  private String run(List<String> start, int ranks, String task, long seed)
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
            MpiRankMain.class.getName(),
            task,
            String.valueOf(seed)));
    Path output = folder.resolve("output.txt");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().put("OMPI_ALLOW_RUN_AS_ROOT", "1");
    builder.environment().put("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    Process process = builder.start();
    boolean hasEnded = process.waitFor(60, TimeUnit.SECONDS);
    process.destroyForcibly();
    String text = Files.readString(output);
    assertTrue(hasEnded, text);
    return text;
  }
}
