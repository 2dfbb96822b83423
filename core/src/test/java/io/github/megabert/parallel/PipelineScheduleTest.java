// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.parallel.PipelineSchedule.Action;
import io.github.megabert.parallel.PipelineSchedule.Direction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PipelineScheduleTest {
  /** Figure 3 of Narayanan et al. 2021, four ranks and eight micro-batches, counted from 0. */
  @ParameterizedTest
  @CsvSource({
    "0, F0 F1 F2 F3 B0 F4 B1 F5 B2 F6 B3 F7 B4 B5 B6 B7",
    "1, F0 F1 F2 B0 F3 B1 F4 B2 F5 B3 F6 B4 F7 B5 B6 B7",
    "2, F0 F1 B0 F2 B1 F3 B2 F4 B3 F5 B4 F6 B5 F7 B6 B7",
    "3, F0 B0 F1 B1 F2 B2 F3 B3 F4 B4 F5 B5 F6 B6 F7 B7"
  })
  void oneForwardOneBackwardIsThatOfThePaper(int rank, String expected) {
    assertEquals(expected, written(new PipelineSchedule(4, 1).of(rank, 8)));
  }

  /** Figure 4, below: chunk 0 is written without a mark, chunk 1 with a quote. */
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "0, F0 F1 F2 F3 F0' F1' F2' F3' F4 F5 F6 B0' F7 B1' F4' B2' F5' B3' F6' B0 F7' B1 B2 B3"
            + " B4' B5' B6' B7' B4 B5 B6 B7",
        "3, F0 F1 F2 F3 F0' B0' F1' B1' F2' B2' F3' B3' F4 B0 F5 B1 F6 B2 F7 B3 F4' B4' F5' B5'"
            + " F6' B6' F7' B7' B4 B5 B6 B7"
      })
  void interleavedStagesAreThoseOfThePaper(int rank, String expected) {
    assertEquals(expected, written(new PipelineSchedule(4, 2).of(rank, 8)));
  }

  @Test
  void fewerMicroBatchesThanAGroupLeaveGapsOnly() {
    assertEquals(
        "F0 F1 F0' F1' F2 B0' B1' F2' B0 B1 B2' B2", written(new PipelineSchedule(2, 2).of(0, 3)));
    assertEquals("F0 F0' B0' B0", written(new PipelineSchedule(4, 2).of(0, 1)));
    assertEquals("F0 B0", written(new PipelineSchedule(1, 1).of(0, 1)));
  }

  private static String written(List<Action> actions) {
    return actions.stream()
        .map(
            a ->
                (a.direction() == Direction.FORWARD ? "F" : "B")
                    + a.microBatch()
                    + "'".repeat(a.chunk()))
        .collect(Collectors.joining(" "));
  }

  /**
   * The pipeline is idle for (ranks − 1)/chunks passes in each direction (section 2.2), a chunk's
   * pass forward taking 1 and backward 2.
   */
  @ParameterizedTest
  @CsvSource({
    "1, 1, 5",
    "2, 1, 1",
    "2, 1, 7",
    "3, 1, 3",
    "4, 1, 2",
    "4, 1, 8",
    "5, 1, 16",
    "2, 2, 2",
    "2, 2, 8",
    "3, 2, 6",
    "4, 2, 8",
    "4, 3, 4",
    "3, 4, 12"
  })
  void theBubbleIsThatOfThePaper(int ranks, int chunks, int microBatches) {
    long busy = 3L * microBatches * chunks;
    assertEquals(busy + 3L * (ranks - 1), span(new PipelineSchedule(ranks, chunks), microBatches));
  }

  /** Every number of micro-batches ends, each pass is there once, and little is kept. */
  @Test
  void anyNumberOfMicroBatchesEndsWithFewInFlight() {
    for (int ranks = 1; ranks <= 5; ranks++) {
      for (int chunks = 1; chunks <= (ranks == 1 ? 1 : 3); chunks++) {
        for (int microBatches = 0; microBatches <= 13; microBatches++) {
          PipelineSchedule schedule = new PipelineSchedule(ranks, chunks);
          assertTrue(span(schedule, microBatches) >= 3L * microBatches * chunks);
          for (int rank = 0; rank < ranks; rank++) {
            List<Action> actions = schedule.of(rank, microBatches);
            assertEquals(2 * microBatches * chunks, new HashSet<>(actions).size());
            assertEquals(2 * microBatches * chunks, actions.size());
            int most =
                chunks == 1 ? ranks - rank : 2 * (ranks - 1 - rank) + (chunks - 1) * ranks + 1;
            assertTrue(mostInFlight(actions) <= most, schedule + ", rank " + rank);
          }
        }
      }
    }
  }

  @Test
  void asManyAreInFlightAsThereAreStagesToCome() {
    PipelineSchedule schedule = new PipelineSchedule(4, 1);
    List<Integer> most = new ArrayList<>();
    for (int rank = 0; rank < 4; rank++) {
      most.add(mostInFlight(schedule.of(rank, 100)));
    }
    assertEquals(List.of(4, 3, 2, 1), most);
  }

  @Test
  void whatCannotBeInterleavedIsRefused() {
    IllegalArgumentException one =
        assertThrows(IllegalArgumentException.class, () -> new PipelineSchedule(1, 2));
    assertEquals(
        "one rank cannot interleave 2 stages; a pipeline has at least 2 ranks", one.getMessage());
    assertThrows(IllegalArgumentException.class, () -> new PipelineSchedule(2, 0));
  }

  private static int mostInFlight(List<Action> actions) {
    int now = 0;
    int most = 0;
    for (Action action : actions) {
      now += action.direction() == Direction.FORWARD ? 1 : -1;
      most = Math.max(most, now);
    }
    return most;
  }

  private record Pass(Direction direction, int microBatch, int stage) {}

  /** When the last rank is done, if messages take no time; every rank keeps to its order. */
  private static long span(PipelineSchedule schedule, int microBatches) {
    List<List<Action>> left = new ArrayList<>();
    for (int rank = 0; rank < schedule.ranks(); rank++) {
      left.add(schedule.of(rank, microBatches));
    }
    int last = schedule.ranks() * schedule.chunks() - 1;
    long[] free = new long[schedule.ranks()];
    int[] next = new int[schedule.ranks()];
    Map<Pass, Long> ends = new HashMap<>();
    boolean moved = true;
    while (moved) {
      moved = false;
      for (int rank = 0; rank < schedule.ranks(); rank++) {
        while (next[rank] < left.get(rank).size()) {
          Action action = left.get(rank).get(next[rank]);
          int stage = action.chunk() * schedule.ranks() + rank;
          boolean forward = action.direction() == Direction.FORWARD;
          Pass before =
              forward
                  ? new Pass(Direction.FORWARD, action.microBatch(), stage - 1)
                  : stage == last
                      ? new Pass(Direction.FORWARD, action.microBatch(), stage)
                      : new Pass(Direction.BACKWARD, action.microBatch(), stage + 1);
          Long ready = forward && stage == 0 ? Long.valueOf(0) : ends.get(before);
          if (ready == null) {
            break;
          }
          free[rank] = Math.max(free[rank], ready) + (forward ? 1 : 2);
          ends.put(new Pass(action.direction(), action.microBatch(), stage), free[rank]);
          next[rank]++;
          moved = true;
        }
      }
    }
    long end = 0;
    for (int rank = 0; rank < schedule.ranks(); rank++) {
      assertEquals(left.get(rank).size(), next[rank], "rank " + rank + " waits for ever");
      end = Math.max(end, free[rank]);
    }
    return end;
  }
}
