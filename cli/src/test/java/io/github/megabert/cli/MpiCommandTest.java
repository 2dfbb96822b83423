// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.megabert.train.log.MetricsLine;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The command as processes that {@code mpirun} starts, over every MPI that is on the path. */
class MpiCommandTest {
  /** An implementation, and options with which ranks may end by themselves. */
  enum Implementation {
    OPEN_MPI("Open MPI", "Open", "--oversubscribe"),
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

  private static final Map<String, String> AS_ROOT =
      Map.of("OMPI_ALLOW_RUN_AS_ROOT", "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");

  private static final List<String> FLAGS =
      List.of(
          "-Xmx256m",
          "-XX:+UseSerialGC",
          "--add-modules",
          "jdk.incubator.vector",
          "--enable-native-access=ALL-UNNAMED");

  @TempDir private Path folder;

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
          command.add(mpi.options);
          return command;
        }
      }
    }
    assumeTrue(false, "no mpirun of " + mpi.label + " is on the path");
    throw new AssertionError("not reached");
  }

  private Run start(List<String> mpirun, String... line) throws IOException {
    List<String> command = new ArrayList<>(mpirun);
    command.addAll(List.of("-n", "2"));
    command.addAll(Run.java(FLAGS, line));
    return Run.start(folder, AS_ROOT, command);
  }

  private String[] line(Path output, int steps, String... more) throws IOException {
    List<String> line =
        new ArrayList<>(
            List.of("--max-steps", String.valueOf(steps), "--threads", "1", "--accumulate", "2"));
    line.addAll(List.of(more));
    return TrainingRuns.finetune(
        TrainingRuns.texts(folder.resolve("train.tsv")), output, line.toArray(String[]::new));
  }

  /** Lines of the command itself: JVMs and launchers say more. */
  private static List<String> said(Run run) {
    return run.err().lines().filter(text -> text.startsWith("megabert: ")).toList();
  }

  @ParameterizedTest
  @EnumSource
  void ranksTrainAnswerAndRefuseTogether(Implementation mpi) throws Exception {
    List<String> mpirun = mpirun(mpi);
    Path one = folder.resolve("one");
    assertEquals(0, Terminal.run(line(one, 3)).exitCode());
    Path two = folder.resolve("two");
    Run run = start(mpirun, line(two, 3, "--tensor-parallel", "2"));
    assertEquals(1, run.succeed().lines().count(), "the first rank prints the summary");
    List<MetricsLine> wanted = TrainingRuns.metrics(one);
    List<MetricsLine> got = TrainingRuns.metrics(two);
    assertEquals(wanted.size(), got.size());
    for (int i = 0; i < 3; i++) {
      double loss = ((MetricsLine.Step) wanted.get(i)).loss();
      assertEquals(loss, ((MetricsLine.Step) got.get(i)).loss(), 1e-5 * loss);
    }

    String[] ask = {"fill-mask", "--top-k", "1", "--tensor-parallel", "2", "a dog is a [MASK]."};
    assertEquals(
        Terminal.run("fill-mask", "--top-k", "1", "a dog is a [MASK].").out(),
        start(mpirun, ask).succeed());

    Run tokenizing = start(mpirun, "tokenize", "a");
    assertTrue(tokenizing.exitCode() != 0);
    assertEquals(
        "megabert: tokenize is for one process, and mpirun has started several: run it without"
            + " mpirun",
        said(tokenizing).getFirst());
  }

  @ParameterizedTest
  @EnumSource
  void ranksOfDifferentCommandsRefuse(Implementation mpi) throws Exception {
    List<String> command = new ArrayList<>(mpirun(mpi));
    Path output = folder.resolve("output");
    command.addAll(List.of("-n", "1"));
    command.addAll(Run.java(FLAGS, line(output, 3, "--seed", "1")));
    command.addAll(List.of(":", "-n", "1"));
    command.addAll(Run.java(FLAGS, line(output, 3, "--seed", "2")));
    Run run = Run.start(folder, AS_ROOT, command);
    assertTrue(run.exitCode() != 0);
    List<String> said = said(run);
    assertEquals(1, said.size(), run.err());
    assertTrue(said.getFirst().startsWith("megabert: rank 1 has other arguments than rank 0"));
    assertTrue(Files.notExists(output));
  }

  @ParameterizedTest
  @EnumSource
  @EnabledOnOs(OS.LINUX)
  void aRankThatIsKilledEndsTheOthersAndTheRunGoesOn(Implementation mpi) throws Exception {
    Path output = folder.resolve("killed");
    String[] line = line(output, 1_000_000, "--save-every", "5");
    Run run = start(mpirun(mpi), line);
    awaitSteps(run, output);
    ProcessHandle last =
        run.process().descendants().filter(MpiCommandTest::isLastRank).findFirst().orElseThrow();
    last.destroyForcibly();
    assertTrue(run.exitCode() != 0);
    // MPICH's launcher does not always pass on what a rank says as it ends.
    assertTrue(
        mpi == Implementation.MPICH
            || said(run).stream()
                .anyMatch(
                    text ->
                        text.matches(
                            ".*rank 1 \\(.*, process "
                                + last.pid()
                                + "\\) has ended before the run was over")),
        run.err());
    try (Stream<Path> all = Files.list(output.resolve("checkpoints"))) {
      assertTrue(all.anyMatch(path -> Files.exists(path.resolve("state.json"))));
    }
  }

  /** MPICH's launcher passes nothing on once rank 0 is gone: the other one is killed. */
  private static boolean isLastRank(ProcessHandle process) {
    if (!process.info().command().orElse("").endsWith("java")) {
      return false;
    }
    try {
      String environment = Files.readString(Path.of("/proc", "" + process.pid(), "environ"));
      return Stream.of(environment.split("\0"))
          .anyMatch(variable -> variable.matches("(PMI_RANK|OMPI_COMM_WORLD_RANK)=1"));
    } catch (IOException gone) {
      return false;
    }
  }

  /** Waits for some steps of a run, which must not end before. */
  private static void awaitSteps(Run run, Path output) throws InterruptedException {
    Path metrics = output.resolve("metrics.jsonl");
    Run.await(
        "metrics",
        () -> {
          assertTrue(run.process().isAlive(), run.err());
          try {
            return Files.size(metrics) > 2000;
          } catch (IOException notYet) {
            return false;
          }
        });
  }

  /** MPICH's launcher hands the signal on; Open MPI's kills all ranks a second after it. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void ctrlCStopsAllRanksAfterACheckpoint() throws Exception {
    Path output = folder.resolve("stopped");
    List<String> mpirun = mpirun(Implementation.MPICH).subList(0, 1);
    Run run = start(mpirun, line(output, 1_000_000));
    awaitSteps(run, output);
    new ProcessBuilder("kill", "-INT", String.valueOf(run.process().pid())).start().waitFor();
    // Which of its ranks' exit codes the launcher returns is its own affair.
    assertTrue(List.of(0, 130).contains(run.exitCode()), run.err());
    long step = TrainingRuns.metrics(output).getLast().step();
    assertTrue(Files.exists(output.resolve("checkpoints/step-" + step + "/state.json")));
    assertEquals(2, said(run).size(), run.err());
  }
}
