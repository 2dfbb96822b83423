// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages every target's inputs for so many minutes. What is answered wrongly is kept as a file
 * that {@link FuzzFindingsTest} reads again; one file for each wrong answer and place. Run by the
 * profile {@code fuzz} alone; docs/fuzzing.md has the command.
 */
class FuzzCampaign {
  private static final double MINUTES =
      Double.parseDouble(System.getProperty("fuzz.minutes", "10"));
  private static final String ONLY = System.getProperty("fuzz.target", "");
  private static final int REPORT_SECONDS = 60;

  @TempDir Path scratch;

  @Test
  void attackEveryReader() throws Exception {
    List<FuzzTarget> targets =
        FuzzTargets.all().stream().filter(t -> ONLY.isEmpty() || t.name().equals(ONLY)).toList();
    assertTrue(!targets.isEmpty(), "there is no target " + ONLY);
    List<Path> folders = new ArrayList<>();
    List<byte[]> seeds = new ArrayList<>();
    for (FuzzTarget target : targets) {
      folders.add(target.prepare(scratch));
      seeds.addAll(target.seeds());
    }
    Watchdog watchdog = new Watchdog(5, 768);
    long seed = Long.getLong("fuzz.seed", System.nanoTime());
    SplittableRandom random = new SplittableRandom(seed);
    System.out.println("fuzzing " + targets.size() + " readers; -Dfuzz.seed=" + seed);
    Map<String, Long> executions = new TreeMap<>();
    Set<String> found = new HashSet<>();
    long start = System.nanoTime();
    long reported = start;
    for (long n = 0; System.nanoTime() - start < MINUTES * 60e9; n++) {
      int which = (int) (n % targets.size());
      FuzzTarget target = targets.get(which);
      byte[] intact = target.seeds().get(random.nextInt(target.seeds().size()));
      byte[] other = seeds.get(random.nextInt(seeds.size()));
      byte[] input = target.mutation().mutate(intact, other, random);
      String wrong = watchdog.read(target, folders.get(which), input);
      executions.merge(target.name(), 1L, Long::sum);
      if (wrong != null && found.add(target.name() + " " + wrong)) {
        System.out.println(target.name() + ": " + wrong + "\n  " + Findings.write(target, input));
      }
      if (System.nanoTime() - reported > REPORT_SECONDS * 1e9) {
        reported = System.nanoTime();
        System.out.println((n + 1) + " executions, " + found.size() + " findings");
      }
    }
    long total = executions.values().stream().mapToLong(Long::longValue).sum();
    System.out.println(total + " executions " + executions + ", " + found.size() + " findings");
    assertTrue(found.isEmpty(), () -> found.size() + " findings, kept below src/test/resources");
  }
}
