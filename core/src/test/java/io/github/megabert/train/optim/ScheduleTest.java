// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.optim;

import static io.github.megabert.train.optim.Schedule.Decay.CONSTANT;
import static io.github.megabert.train.optim.Schedule.Decay.COSINE;
import static io.github.megabert.train.optim.Schedule.Decay.INVERSE_SQRT;
import static io.github.megabert.train.optim.Schedule.Decay.LINEAR;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.train.optim.Schedule.Decay;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Expected values are the formulas of {@code transformers/optimization.py}, by hand. */
class ScheduleTest {
  @ParameterizedTest
  @EnumSource
  void everyScheduleWarmsUpInAStraightLineTo1(Decay decay) {
    Schedule schedule = new Schedule(decay, 4, 20);
    assertEquals(0, schedule.factor(0));
    assertEquals(0.25, schedule.factor(1));
    assertEquals(0.5, schedule.factor(2));
    assertEquals(0.75, schedule.factor(3));
    assertEquals(1, schedule.factor(4));
  }

  @Test
  void linearFallsInAStraightLineTo0() {
    Schedule schedule = new Schedule(LINEAR, 4, 20);
    assertEquals(15 / 16d, schedule.factor(5));
    assertEquals(0.5, schedule.factor(12));
    assertEquals(1 / 16d, schedule.factor(19));
    assertEquals(0, schedule.factor(20));
    assertEquals(0, schedule.factor(25));
    assertEquals(1, new Schedule(LINEAR, 0, 20).factor(0));
    assertEquals(0.05, new Schedule(LINEAR, 0, 20).factor(19));
  }

  @Test
  void cosineFallsAlongHalfAWaveTo0() {
    Schedule schedule = new Schedule(COSINE, 4, 20);
    assertEquals((2 + Math.sqrt(2)) / 4, schedule.factor(8), 1e-15);
    assertEquals(0.75, new Schedule(COSINE, 0, 3).factor(1), 1e-15);
    assertEquals(0.5, schedule.factor(12), 1e-15);
    assertEquals((2 - Math.sqrt(2)) / 4, schedule.factor(16), 1e-15);
    assertEquals(0, schedule.factor(20));
    assertEquals(0, schedule.factor(28));
  }

  @Test
  void constantStaysAt1() {
    Schedule schedule = new Schedule(CONSTANT, 4, 20);
    assertEquals(1, schedule.factor(5));
    assertEquals(1, schedule.factor(19));
    assertEquals(1, new Schedule(CONSTANT, 0, 20).factor(0));
  }

  @Test
  void inverseSquareRootFallsFromTheEndOfTheWarmUp() {
    Schedule schedule = new Schedule(INVERSE_SQRT, 4, 100);
    assertEquals(0.5, schedule.factor(16));
    assertEquals(0.25, schedule.factor(64));
    assertEquals(Math.sqrt(4 / 99d), schedule.factor(99), 1e-15);
  }

  @Test
  void inverseSquareRootWithoutWarmUpTakesTenThousandSteps() {
    Schedule schedule = new Schedule(INVERSE_SQRT, 0, 100_000);
    assertEquals(1, schedule.factor(0));
    assertEquals(0.5, schedule.factor(30_000));
  }

  @Test
  void aRatioIsRoundedUpToWholeSteps() {
    assertEquals(2, Schedule.withWarmupRatio(LINEAR, 0.1, 11).warmupSteps());
    assertEquals(1, Schedule.withWarmupRatio(LINEAR, 0.1, 10).warmupSteps());
    assertEquals(0, Schedule.withWarmupRatio(LINEAR, 0, 10).warmupSteps());
    assertEquals(10, Schedule.withWarmupRatio(LINEAR, 1, 10).warmupSteps());
  }

  @Test
  void itTellsALeastFactorOnlyWhereThereIsOne() {
    assertEquals(
        "Schedule[decay=LINEAR, warmupSteps=4, steps=20]", new Schedule(LINEAR, 4, 20).toString());
    assertEquals(
        "Schedule[decay=COSINE, warmupSteps=4, steps=20, minimum=0.1]",
        new Schedule(COSINE, 4, 20, 0.1).toString());
  }

  @Test
  void theRateIsThePeakTimesTheFactor() {
    assertEquals(1e-4, new Schedule(LINEAR, 4, 20).rate(2e-4, 12));
  }

  @Test
  void aRunMayEndWithinItsWarmUp() {
    assertEquals(0.1, new Schedule(LINEAR, 100, 10).factor(10));
    assertEquals(0.9, new Schedule(LINEAR, 10, 10).factor(9));
    assertEquals(0, new Schedule(LINEAR, 10, 10).factor(10));
  }

  @Test
  void whatIsNoScheduleIsRefused() {
    assertEquals("a run has at least 1 step, not 0", refusal(() -> new Schedule(LINEAR, 0, 0)));
    assertEquals(
        "the warm-up has at least 0 steps, not -1", refusal(() -> new Schedule(LINEAR, -1, 10)));
    assertEquals(
        "the warm-up's ratio is at least 0 and at most 1, not NaN",
        refusal(() -> Schedule.withWarmupRatio(LINEAR, Double.NaN, 10)));
    assertEquals("steps count from 0: -1", refusal(() -> new Schedule(LINEAR, 0, 10).factor(-1)));
  }

  private static String refusal(Runnable action) {
    return String.valueOf(assertThrows(IllegalArgumentException.class, action::run).getMessage());
  }

  @Test
  void schedulesHaveTheNamesOfTheOption() {
    assertEquals(INVERSE_SQRT, Decay.ofOptionName("inverse-sqrt"));
    for (Decay decay : Decay.values()) {
      assertEquals(decay, Decay.ofOptionName(decay.optionName()));
    }
    assertEquals(
        "unknown schedule \"step\"; known are linear, cosine, constant, inverse-sqrt",
        refusal(() -> Decay.ofOptionName("step")));
  }
}
