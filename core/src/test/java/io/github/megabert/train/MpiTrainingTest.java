// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.parallel.MpiLauncher;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Ranks that are processes train to the bits of ranks that are threads: stages, copies, both. */
class MpiTrainingTest {
  @TempDir private static Path threads;
  private static final List<String> OF_THREADS = new ArrayList<>();

  @TempDir private Path folder;

  @BeforeAll
  static void trainThreads() throws InterruptedException {
    List<ParallelRun> runs =
        Stream.concat(MpiTrainingMain.OF_TWO.stream(), MpiTrainingMain.OF_FOUR.stream()).toList();
    for (int i = 0; i < runs.size(); i++) {
      Path output = threads.resolve("run" + i);
      OF_THREADS.add(MpiTrainingMain.line(runs.get(i), runs.get(i).train(output)));
    }
    OF_THREADS.sort(null);
  }

  @ParameterizedTest
  @EnumSource
  void processesTrainAsThreadsDo(MpiLauncher mpi) throws Exception {
    String output =
        MpiLauncher.run(
            mpi.command(),
            MpiTrainingMain.RANKS,
            folder,
            MpiTrainingMain.class,
            folder.resolve("runs").toString());
    assertEquals(
        OF_THREADS,
        output.lines().filter(line -> line.startsWith("losses of ")).sorted().toList(),
        output);
  }
}
