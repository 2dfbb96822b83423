// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.optim;

import java.util.Locale;

/**
 * The learning rate's course: a linear warm-up, then a decay. The formulas are those of {@code
 * transformers/optimization.py}; a step's factor times the peak rate is its rate.
 *
 * @param decay the course after the warm-up
 * @param warmupSteps W, steps during which the factor rises from 0 to 1; with W > N the run ends
 *     before
 * @param steps N, where the decay ends: all steps of a run, unless another one began it
 * @param minimum the least factor after the warm-up: Megatron-LM's {@code min_lr / lr}; the decay
 *     goes down to it in place of 0, or stops there
 */
public record Schedule(Decay decay, int warmupSteps, int steps, double minimum) {
  /**
   * What {@link Decay#INVERSE_SQRT} takes for W where there is no warm-up, as transformers does.
   */
  private static final int TIMESCALE_WITHOUT_WARMUP = 10_000;

  /** The course after the warm-up: the factor of step s of N, W of them warm-up. */
  public enum Decay {
    /** (N − s) / (N − W): to 0 in a straight line. */
    LINEAR("linear"),
    /** ½(1 + cos(π(s − W) / (N − W))): to 0 along half a wave. */
    COSINE("cosine"),
    /** 1. */
    CONSTANT("constant"),
    /** √(W / s); without warm-up √(10000 / (s + 10000)). */
    INVERSE_SQRT("inverse-sqrt");

    private final String optionName;

    Decay(String optionName) {
      this.optionName = optionName;
    }

    /** The name that a command's option has for it. */
    public String optionName() {
      return optionName;
    }

    /**
     * The decay that an option names.
     *
     * @throws IllegalArgumentException if there is none; the message lists those there are
     */
    public static Decay ofOptionName(String name) {
      StringBuilder known = new StringBuilder();
      for (Decay decay : values()) {
        if (decay.optionName.equals(name)) {
          return decay;
        }
        known.append(known.isEmpty() ? "" : ", ").append(decay.optionName);
      }
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "unknown schedule \"%s\"; known are %s", name, known));
    }
  }

  /**
   * @throws IllegalArgumentException if the run has no step, the warm-up fewer than none, or the
   *     least factor is none from 0 to 1
   */
  public Schedule {
    if (!(minimum >= 0 && minimum <= 1)) {
      throw new IllegalArgumentException(
          "the least rate is a share of the highest, from 0 to 1, not " + minimum);
    }
    if (steps < 1) {
      throw new IllegalArgumentException("a run has at least 1 step, not " + steps);
    }
    if (warmupSteps < 0) {
      throw new IllegalArgumentException("the warm-up has at least 0 steps, not " + warmupSteps);
    }
  }

  /** A schedule that goes down to 0. */
  public Schedule(Decay decay, int warmupSteps, int steps) {
    this(decay, warmupSteps, steps, 0);
  }

  /**
   * A schedule whose warm-up is a part of the run, rounded up to whole steps.
   *
   * @param warmupRatio at least 0, at most 1
   */
  public static Schedule withWarmupRatio(Decay decay, double warmupRatio, int steps) {
    if (!(warmupRatio >= 0 && warmupRatio <= 1)) {
      throw new IllegalArgumentException(
          "the warm-up's ratio is at least 0 and at most 1, not " + warmupRatio);
    }
    return new Schedule(decay, (int) Math.ceil(steps * warmupRatio), steps);
  }

  /**
   * The factor of a step.
   *
   * @param step s, from 0; from N on a decay that has come to 0 stays there
   */
  public double factor(int step) {
    if (step < 0) {
      throw new IllegalArgumentException("steps count from 0: " + step);
    }
    if (step < warmupSteps) {
      return (double) step / warmupSteps;
    }
    return switch (decay) {
      case LINEAR ->
          raised(Math.max(0, (double) (steps - step) / Math.max(1, steps - warmupSteps)));
      case COSINE -> raised(0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress(step)))));
      case CONSTANT -> 1;
      case INVERSE_SQRT ->
          minimum > 0 && step > steps ? minimum : Math.max(minimum, inverseSquareRoot(step));
    };
  }

  /**
   * The learning rate of a step.
   *
   * @param peak the rate that the factor multiplies
   * @param step s, from 0
   */
  public double rate(double peak, int step) {
    return peak * factor(step);
  }

  /**
   * Tells all numbers, by which a run is known again; a least factor of 0 is left out, as it is in
   * the states of runs from before there was one.
   */
  @Override
  public String toString() {
    return "Schedule[decay="
        + decay
        + ", warmupSteps="
        + warmupSteps
        + ", steps="
        + steps
        + (minimum == 0 ? "]" : ", minimum=" + minimum + "]");
  }

  /** A factor that falls from 1 to 0, as one that falls to the least. */
  private double raised(double factor) {
    return minimum == 0 ? factor : minimum + (1 - minimum) * factor;
  }

  /** How much of the time after the warm-up has passed. */
  private double progress(int step) {
    return (double) (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  }

  private double inverseSquareRoot(int step) {
    int timescale = warmupSteps == 0 ? TIMESCALE_WITHOUT_WARMUP : warmupSteps;
    double shifted = (double) step + timescale - warmupSteps;
    return 1 / Math.sqrt(shifted / timescale);
  }
}
