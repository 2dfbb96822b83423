// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.mpi;

import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.MpiException;
import io.github.megabert.parallel.RankFailedException;
import io.github.megabert.parallel.RankTask;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** This process as one rank: finds MPI's library, starts MPI, works, and ends MPI. */
public final class MpiRun {
  /** A library to take, by file or name. */
  private static final String LIBRARY_PROPERTY = "megabert.mpi.library";

  private static final String LIBRARY_VARIABLE = "MEGABERT_MPI_LIBRARY";

  private static final String OPEN_MPI = "libmpi.so.40";

  /** MPICH and its kin, whatever the distribution calls it, and the standard interface. */
  private static final List<String> MPICH =
      List.of(
          "libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.so", "libmpi.so.12", "libmpich.so.12");

  private static final AtomicBoolean STARTED = new AtomicBoolean();

  private MpiRun() {}

  /** How many ranks a launcher says that it has started; null if none has started this process. */
  static @Nullable Integer launched(Map<String, String> environment) {
    for (String variable : List.of("OMPI_COMM_WORLD_SIZE", "PMI_SIZE")) {
      String value = environment.get(variable);
      if (value != null && value.matches("[0-9]{1,9}")) {
        return Integer.valueOf(value);
      }
    }
    return null;
  }

  /** How many ranks {@code mpirun} has started, this process among them; 0 if it has not. */
  public static int launchedRanks() {
    Integer ranks = launched(System.getenv());
    return ranks == null ? 0 : ranks;
  }

  /**
   * Names of libraries, in the order in which they are tried.
   *
   * @throws MpiException if one is named that cannot be
   */
  static List<String> candidates(Map<String, String> environment, @Nullable String property) {
    String named = property == null ? environment.get(LIBRARY_VARIABLE) : property;
    if (named != null && !named.isBlank()) {
      return List.of(named);
    }
    List<String> names = new ArrayList<>(MPICH);
    // Both may be installed: the one whose mpirun has started this process.
    names.add(environment.containsKey("PMI_SIZE") ? names.size() : 0, OPEN_MPI);
    return names;
  }

  /**
   * Opens the library.
   *
   * @throws MpiException if there is none, with the remedy
   */
  static MpiLibrary open() {
    if (!MpiRun.class.getModule().isNativeAccessEnabled()) {
      String module =
          MpiRun.class.getModule().isNamed() ? MpiRun.class.getModule().getName() : "ALL-UNNAMED";
      throw new MpiException(
          "MPI is a native library; start Java with --enable-native-access=" + module);
    }
    List<String> names = candidates(System.getenv(), System.getProperty(LIBRARY_PROPERTY));
    for (String name : names) {
      try {
        return MpiLibrary.open(name);
      } catch (IllegalArgumentException absent) {
        // The next one.
      }
    }
    throw new MpiException(
        "no MPI library found (tried "
            + String.join(", ", names)
            + "); install Open MPI or MPICH, or name the file in "
            + LIBRARY_VARIABLE);
  }

  /**
   * Implementation, version and file.
   *
   * @throws MpiException if there is none, with the remedy
   */
  public static String description() {
    return open().description();
  }

  /** Works as one rank of those that {@code mpirun} has started. */
  public static <T> T call(RankTask<T> task) throws Exception {
    Integer ranks = launched(System.getenv());
    if (ranks == null) {
      throw new MpiException(
          "this process was not started by mpirun; start it as `mpirun -n 4 …`, or run ranks as"
              + " threads");
    }
    MpiLibrary mpi = open();
    if (!STARTED.compareAndSet(false, true)) {
      throw new MpiException("MPI can be started once in a process");
    }
    RankWatch watch = new RankWatch();
    mpi.init();
    long group = mpi.abi().world();
    int rank = mpi.rank(group);
    if (mpi.size(group) != ranks) {
      throw new MpiException(
          "mpirun has started "
              + ranks
              + " ranks, but "
              + mpi.description()
              + " sees "
              + mpi.size(group)
              + ": it is not the library of that mpirun; name the right one in "
              + LIBRARY_VARIABLE);
    }
    AtomicBoolean told = new AtomicBoolean();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> tell(watch, told), "megabert-mpi-end"));
    T result;
    MpiTransport messages = new MpiTransport(mpi, watch, group, rank);
    Communicator world = new Communicator(messages);
    try {
      watch.connect(world);
      result = task.call(new Communicator(messages.overCommonMemory()));
      world.barrier();
    } catch (Throwable thrown) {
      told.set(true);
      watch.told();
      if (!(thrown instanceof RankFailedException failure && failure.rank() != rank)) {
        watch.fail(RankFailedException.of(rank, thrown));
      }
      throw thrown;
    }
    told.set(true);
    watch.goodbye();
    mpi.finish();
    return result;
  }

  /**
   * When a rank dies, mpirun ends the others with a signal. It may come before they have noticed;
   * then they say here, as they end, which one it was.
   */
  private static void tell(RankWatch watch, AtomicBoolean told) {
    try {
      if (!told.get()) {
        RankFailedException failure = watch.awaitFailure(500);
        if (failure != null && !told.get()) {
          System.err.println(failure.getMessage());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
