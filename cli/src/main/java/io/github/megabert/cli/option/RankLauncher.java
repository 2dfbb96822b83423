// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.option;

import io.github.megabert.cli.terminal.Failures;
import io.github.megabert.cli.terminal.Program;
import io.github.megabert.cli.terminal.RankScope;
import io.github.megabert.parallel.Communicator;
import io.github.megabert.parallel.MpiRanks;
import io.github.megabert.parallel.RankFailedException;
import io.github.megabert.parallel.RankTask;
import io.github.megabert.parallel.Ranks;
import io.github.megabert.parallel.ThreadRanks;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Runs a command as several ranks: threads of this process, or processes of {@code mpirun}. */
public final class RankLauncher {
  /** Options that may differ from rank to rank: what computes there. */
  private static final List<String> OWN = List.of("--device", "--threads");

  private static final long WORD_MILLIS = 1_000;

  private static final Path STATUS = Path.of("/proc/self/status");

  private RankLauncher() {}

  /** Options by which a command can be run by several ranks. */
  public interface Ranked {
    /** Threads that are to be ranks; 1 for none. */
    int threadRanks();
  }

  /**
   * Why a rank's command ended, in a sentence that the other ranks are told.
   *
   * <p>The cause is what was thrown.
   */
  public static final class Ended extends Exception {
    private static final long serialVersionUID = 1L;

    public Ended(Exception cause) {
      super(Failures.sentence(cause), cause);
    }
  }

  /** What a command offers, if it can be run by several ranks. */
  public static Optional<Ranked> ranked(CommandSpec command) {
    for (CommandSpec mixin : command.mixins().values()) {
      Optional<Ranked> found =
          mixin.userObject() instanceof Ranked ranked ? Optional.of(ranked) : ranked(mixin);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  /**
   * Runs a command as threads.
   *
   * @param command throws {@link Ended} for what is to be told
   * @return the exit code of the first rank
   * @throws Exception what ended the first rank that failed
   */
  public static int threads(int ranks, ScopedValue.CallableOp<Integer, Exception> command)
      throws Exception {
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / ranks);
    RankTask<Integer> task =
        world -> new RankScope(world, threads, world.rank(), false).call(command);
    try {
      return ThreadRanks.call(ranks, task).getFirst();
    } catch (RankFailedException failure) {
      throw told(failure);
    }
  }

  private static Exception told(RankFailedException failure) {
    Throwable cause = failure.getCause();
    while (cause instanceof Ended || cause instanceof RankFailedException) {
      cause = cause.getCause();
    }
    return switch (cause) {
      case Exception thrown -> thrown;
      case Error error -> throw error;
      case null, default -> failure;
    };
  }

  /** What is said of a failure on standard error; the exit code. */
  public interface Report {
    /** Says it. */
    int say(Throwable failure);
  }

  /**
   * Runs a command in this process, one of those that {@code mpirun} has started.
   *
   * @param command throws {@link Ended} for what is to be told
   * @param report of a failure, where this rank is to tell it
   */
  public static int process(
      List<String> arguments, ScopedValue.CallableOp<Integer, Exception> command, Report report) {
    int[] rank = {0};
    try {
      return MpiRanks.call(
          world -> {
            rank[0] = world.rank();
            Ranks.requireSame(world, "versions of megabert", Program.VERSION);
            Ranks.requireSame(world, "arguments", String.join(" ", common(arguments)));
            return ofProcess(world).call(command);
          });
    } catch (RankFailedException other) {
      if (rank[0] == 0) {
        return report.say(other);
      }
      if (other.isLost()) {
        return report.say(
            new IllegalStateException("rank " + rank[0] + " ends: " + other.getMessage(), other));
      }
      leaveTheWord();
      return Program.FAILURE;
    } catch (Exception own) {
      Throwable cause = own instanceof Ended && own.getCause() != null ? own.getCause() : own;
      if (rank[0] == 0) {
        return report.say(cause);
      }
      leaveTheWord();
      return cause instanceof ParameterException ? ExitCode.USAGE : Program.FAILURE;
    }
  }

  /**
   * The first rank says what it has met itself, or what another has told it. Launchers may kill all
   * ranks as soon as one has ended, so the others leave it the time.
   */
  private static void leaveTheWord() {
    try {
      Thread.sleep(WORD_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The arguments that must be the same on all ranks. */
  public static List<String> common(List<String> arguments) {
    List<String> common = new ArrayList<>();
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (OWN.contains(argument)) {
        i++;
      } else if (OWN.stream().noneMatch(own -> argument.startsWith(own + "="))) {
        common.add(argument);
      }
    }
    return common;
  }

  /**
   * This process's rank. Its threads: the processors that it may use, divided among the ranks of
   * this host that may use the same, since launchers may give each rank processors of its own.
   */
  private static RankScope ofProcess(Communicator world) throws IOException {
    String host = host();
    String processors = processors();
    List<String> hosts = Ranks.gather(world, host);
    List<String> sharing = Ranks.gather(world, host + processors);
    int sharers = Collections.frequency(sharing, host + processors);
    int before = Collections.frequency(hosts.subList(0, world.rank()), host);
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / sharers);
    return new RankScope(world, threads, before, true);
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "";
    }
  }

  /** Which processors this process may use, where the system tells. */
  private static String processors() throws IOException {
    if (!Files.isReadable(STATUS)) {
      return "";
    }
    try (Stream<String> lines = Files.lines(STATUS)) {
      return lines.filter(line -> line.startsWith("Cpus_allowed_list")).findFirst().orElse("");
    }
  }
}
