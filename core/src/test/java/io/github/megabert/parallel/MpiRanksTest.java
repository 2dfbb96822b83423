// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.testing.RandomInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Ranks in processes of their own, over every MPI whose {@code mpirun} is on the path. */
class MpiRanksTest {
  @TempDir private Path folder;

  /** On Linux the ranks of a host have memory in common, unless that is turned off. */
  @ParameterizedTest
  @EnumSource
  void operationsEqualPlainLoops(MpiLauncher mpi) throws Exception {
    List<String> start = mpi.command();
    RandomInput.check(
        1,
        input -> {
          long seed = input.random().nextLong();
          String launcher = run(start, 3, "claims", seed);
          boolean isLinux = System.getProperty("os.name").equals("Linux");
          for (int rank = 0; rank < 3; rank++) {
            assertEquals(
                isLinux ? "done, with common memory\n" : "done\n", printed(rank), launcher);
          }
          launcher = run(start, 3, "messages", seed);
          for (int rank = 0; rank < 3; rank++) {
            assertEquals("done\n", printed(rank), launcher);
          }
        });
  }

  @ParameterizedTest
  @EnumSource
  void ranksThatCallDifferentOperationsAreTold(MpiLauncher mpi) throws Exception {
    String launcher = run(mpi.command(), 2, "disagree", 0);
    String all = printed(0) + printed(1);
    String reduce = "an all-reduce (sum) of 10000 numbers";
    String broadcast = "a broadcast of 40000 bytes from its rank 0";
    assertTrue(
        all.contains("rank 0 calls " + reduce + ", rank 1 of the same group calls " + broadcast)
            || all.contains(
                "rank 1 calls " + broadcast + ", rank 0 of the same group calls " + reduce),
        all + launcher);
  }

  @ParameterizedTest
  @EnumSource
  void aRankThatThrowsEndsTheOthersByItsName(MpiLauncher mpi) throws Exception {
    String launcher = run(mpi.command(), 3, "throw", 0);
    assertEquals("IllegalStateException: the disk is full\n", printed(2), launcher);
    for (int rank = 0; rank < 2; rank++) {
      // From what it waits in, or as it is ended by mpirun, which may come first.
      assertTrue(printed(rank).contains("rank 2 failed: the disk is full\n"), launcher);
    }
  }

  /** In an operation of ours, through messages or common memory, and in a function of MPI. */
  @ParameterizedTest
  @EnumSource
  void aRankThatIsKilledEndsTheOthersByItsName(MpiLauncher mpi) throws Exception {
    List<String> start = mpi.command();
    for (String wait : List.of("kill", "kill in an all-reduce", "split")) {
      String launcher = run(start, 2, wait, 0);
      String output = printed(0);
      assertTrue(
          output
              .lines()
              .anyMatch(
                  line ->
                      line.matches(
                          ".*rank 1 \\(.*, process [0-9]+\\) has ended before the run was over")),
          output + launcher);
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

  private String run(List<String> start, int ranks, String task, long seed)
      throws IOException, InterruptedException {
    for (int rank = 0; rank < ranks; rank++) {
      Files.deleteIfExists(output(rank));
    }
    return MpiLauncher.run(
        start, ranks, folder, MpiRankMain.class, task, String.valueOf(seed), folder.toString());
  }

  private String printed(int rank) throws IOException {
    return Files.readString(output(rank));
  }

  private Path output(int rank) {
    return folder.resolve(MpiRankMain.outputOf(String.valueOf(rank)));
  }
}
