// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every input that a campaign ever found is answered well, and every reader is under attack. The
 * campaign itself is {@link FuzzCampaign}; docs/fuzzing.md says how to run it.
 */
class FuzzFindingsTest {
  private static final int TRIES = 20;

  private final Watchdog watchdog = new Watchdog(10, 1024);

  @TempDir Path scratch;

  @Test
  void whatWasFoundIsAnsweredWell() throws Exception {
    List<FuzzTarget> targets = FuzzTargets.all();
    List<String> names = targets.stream().map(FuzzTarget::name).toList();
    for (String folder : Findings.targets()) {
      assertTrue(names.contains(folder), "findings of no target: " + folder);
    }
    int replayed = 0;
    for (FuzzTarget target : targets) {
      Path folder = target.prepare(scratch);
      for (Path finding : Findings.of(target)) {
        assertNull(watchdog.read(target, folder, Files.readAllBytes(finding)), finding::toString);
        replayed++;
      }
    }
    assertTrue(replayed > 0, "no finding was replayed");
  }

  @Test
  void seedsAreReadAndDamageIsAnsweredWell() throws Exception {
    List<FuzzTarget> targets = FuzzTargets.all();
    assertEquals(
        targets.size(), targets.stream().map(FuzzTarget::name).distinct().count(), "names");
    for (FuzzTarget target : targets) {
      Path folder = target.prepare(scratch);
      assertFalse(target.seeds().isEmpty(), target.name());
      for (byte[] seed : target.seeds()) {
        target.read(folder, seed);
      }
      for (int i = 0; i < TRIES; i++) {
        byte[] input =
            target
                .mutation()
                .mutate(
                    target.seeds().get(i % target.seeds().size()),
                    target.seeds().getFirst(),
                    new SplittableRandom(i));
        String wrong = watchdog.read(target, folder, input);
        assertNull(wrong, target.name() + ", damage " + i);
      }
    }
  }

  @Test
  void theWatchdogSeesWhatReadersMustNotDo() throws Exception {
    assertTrue(
        wrong(
                () -> {
                  throw new NullPointerException("x");
                })
            .contains("not documented"));
    assertTrue(
        wrong(
                () -> {
                  throw new StackOverflowError();
                })
            .contains("not documented"));
    assertTrue(
        wrong(
                () -> {
                  throw new IOException("Map failed");
                })
            .contains("no sentence"));
    assertTrue(
        wrong(
                () -> {
                  throw new IOException("a \u001b[2J in a message");
                })
            .contains("control"));
    assertTrue(
        wrong(
                () -> {
                  throw new IOException("a b " + "x".repeat(5000));
                })
            .contains("5004"));
    Watchdog strict = new Watchdog(0.2, 64);
    FuzzTarget endless =
        FuzzTarget.alone("endless", "x", List.of(), Mutations::bytes, (folder, input) -> spin());
    String found = strict.read(endless, endless.prepare(scratch), new byte[0]);
    assertTrue(String.valueOf(found).contains("no end after 0.2 s"), found);
    FuzzTarget greedy =
        FuzzTarget.alone(
            "greedy", "x", List.of(), Mutations::bytes, (folder, input) -> allocate(100 << 20));
    found = strict.read(greedy, greedy.prepare(scratch), new byte[0]);
    assertTrue(String.valueOf(found).contains("more than 64 MB"), found);
  }

  private interface Reading {
    void read() throws Exception;
  }

  private String wrong(Reading reading) throws Exception {
    FuzzTarget target =
        FuzzTarget.alone(
            "throws", "x", List.of(), Mutations::bytes, (folder, input) -> reading.read());
    return String.valueOf(watchdog.read(target, target.prepare(scratch), new byte[0]));
  }

  @SuppressWarnings("UnusedVariable") // written so that the loops are not left out
  private static volatile long spun;

  private static void spin() {
    long until = System.nanoTime() + 60_000_000_000L;
    while (System.nanoTime() < until) {
      spun = System.nanoTime();
    }
  }

  private static void allocate(int bytes) {
    byte[] all = new byte[bytes];
    spun = all.length;
  }
}
