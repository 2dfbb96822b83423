// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class ParallelPlanTest {
  /** Megatron-LM's own example for 16 ranks, T = 2, P = 4 (parallel_state.py). */
  @Test
  void groupsAreThoseOfMegatron() throws InterruptedException {
    ParallelPlan plan = ParallelPlan.of(16, 2, 4);
    assertEquals(new ParallelPlan(2, 4, 2), plan);
    List<List<List<Integer>>> groups =
        ThreadRanks.call(
            16,
            world -> {
              ParallelGroups mine = plan.groups(world);
              List<List<Integer>> lists = new ArrayList<>();
              for (Communicator group : List.of(mine.tensor(), mine.pipeline(), mine.data())) {
                lists.add(
                    group.gatherBytes(new byte[] {(byte) world.rank()}).stream()
                        .map(bytes -> (int) bytes[0])
                        .toList());
              }
              assertEquals(plan.tensorRank(world.rank()), mine.tensor().rank());
              assertEquals(plan.stage(world.rank()), mine.pipeline().rank());
              assertEquals(plan.dataRank(world.rank()), mine.data().rank());
              return lists;
            });
    assertEquals(List.of(List.of(0, 1), List.of(0, 4, 8, 12), List.of(0, 2)), groups.get(0));
    assertEquals(List.of(List.of(6, 7), List.of(3, 7, 11, 15), List.of(5, 7)), groups.get(7));
  }

  @Test
  void everyRankHasOnePlace() {
    ParallelPlan plan = new ParallelPlan(3, 2, 4);
    for (int rank = 0; rank < plan.ranks(); rank++) {
      assertEquals(rank, plan.rank(plan.tensorRank(rank), plan.stage(rank), plan.dataRank(rank)));
    }
  }

  @Test
  void aPlanThatDoesNotFitIsRefused() throws InterruptedException {
    assertEquals(
        "a model takes 3 × 2 = 6 ranks (tensor-parallel × pipeline-parallel), but there are 8;"
            + " start a multiple of 6",
        refusal(() -> ParallelPlan.of(8, 3, 2)));
    assertEquals(
        "the tensor-parallel size is 0, at least 1 is needed",
        refusal(() -> ParallelPlan.of(8, 0, 2)));
    assertEquals(
        List.of("tensor 2 × pipeline 1 × data 2 takes 4 ranks, the run has 1"),
        ThreadRanks.call(1, world -> refusal(() -> new ParallelPlan(2, 1, 2).groups(world))));
  }

  private static String refusal(Executable attempt) {
    return assertThrows(IllegalArgumentException.class, attempt).getMessage();
  }
}
