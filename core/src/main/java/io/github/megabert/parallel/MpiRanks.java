// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import io.github.megabert.parallel.mpi.MpiRun;

/**
 * Runs this process as one of the ranks that {@code mpirun} has started, over Open MPI, MPICH or
 * its kin. MPI is called through Java's own interface to native functions; its library is looked
 * for when it is asked for, and not before. Java needs {@code --enable-native-access}.
 *
 * <p>The library can be named in the variable {@code MEGABERT_MPI_LIBRARY} or the system property
 * {@code megabert.mpi.library}.
 */
public final class MpiRanks {
  private MpiRanks() {}

  /** Whether {@code mpirun} has started this process; loads nothing. */
  public static boolean isLaunched() {
    return launchedRanks() > 0;
  }

  /** How many ranks {@code mpirun} has started, this process among them; 0 if it has not. */
  public static int launchedRanks() {
    return MpiRun.launchedRanks();
  }

  /**
   * Implementation, version and file of the library, such as "Open MPI v4.1.4, libmpi.so.40".
   *
   * @throws MpiException if there is none, with the remedy
   */
  public static String library() {
    return MpiRun.description();
  }

  /**
   * Runs {@code body} as this process's rank, once in a process. Returns when all ranks have done.
   *
   * <p>If a rank throws, is killed or is lost, the others throw {@link RankFailedException} from
   * what they wait in, within half a minute. MPI cannot go on after that: the process should end.
   *
   * @throws MpiException if MPI is missing, this process was not started by {@code mpirun}, or MPI
   *     reports an error
   * @throws RankFailedException if another rank has failed
   */
  public static void run(RankBody body) throws Exception {
    boolean done =
        call(
            world -> {
              body.run(world);
              return true;
            });
    assert done;
  }

  /** As {@link #run}; returns what this rank returns. */
  public static <T> T call(RankTask<T> task) throws Exception {
    return MpiRun.call(task);
  }
}
