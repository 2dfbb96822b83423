// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.checkpoint.CheckpointException;
import io.github.megabert.checkpoint.megatron.MegatronRun;
import io.github.megabert.checkpoint.megatron.MegatronTrainingState;
import io.github.megabert.input.Quote;
import io.github.megabert.train.optim.AdamWOptions;
import io.github.megabert.train.optim.Schedule;

/** A run's numbers in Megatron-LM's terms, and back. */
final class MegatronNumbers {
  private MegatronNumbers() {}

  /**
   * Refuses a run that Megatron-LM cannot go on with.
   *
   * @throws IllegalArgumentException if it has no such optimizer or schedule
   */
  static void requireExpressible(AdamWOptions optimizer, Schedule schedule, long frozen) {
    String fault = null;
    if (optimizer.layerDecay() != 1) {
      fault = "layers have a learning rate each";
    } else if (schedule.decay() == Schedule.Decay.INVERSE_SQRT && schedule.warmupSteps() == 0) {
      fault = "Megatron-LM's inverse square root counts from a warm-up, and there is none";
    } else if (frozen > 0) {
      fault = frozen + " parameters are frozen";
    }
    if (fault != null) {
      throw new IllegalArgumentException(
          "the checkpoints of this run cannot be Megatron-LM's: "
              + fault
              + "; save Hugging Face folders");
    }
  }

  /** Where a run is. */
  static MegatronRun of(
      RunState state, TrainingOptions options, Schedule schedule, long steps, boolean inHalves) {
    AdamWOptions adam = options.optimizer();
    long samples = options.examplesPerStep();
    return new MegatronRun(
        state.step(),
        state.updates(),
        samples,
        steps * samples,
        inHalves,
        new MegatronRun.Adam(
            adam.beta1(), adam.beta2(), adam.eps(), adam.weightDecay(), adam.clip()),
        new MegatronRun.Course(
            adam.learningRate(),
            adam.learningRate() * schedule.minimum(),
            style(schedule.decay()),
            schedule.warmupSteps() * samples,
            schedule.steps() * samples));
  }

  private static String style(Schedule.Decay decay) {
    return switch (decay) {
      case LINEAR -> "linear";
      case COSINE -> "cosine";
      case CONSTANT -> "constant";
      case INVERSE_SQRT -> "inverse-square-root";
    };
  }

  /**
   * The learning rate's course of Megatron-LM's run.
   *
   * @param steps of the whole run that goes on with it
   * @throws CheckpointException if there is no such schedule here
   * @throws IllegalArgumentException if the run goes on behind the end of a decay that is not its
   *     own end here
   */
  static Schedule schedule(MegatronTrainingState origin, int steps) throws CheckpointException {
    MegatronRun.Course course = origin.run().course();
    Schedule.Decay decay = null;
    for (Schedule.Decay known : Schedule.Decay.values()) {
      decay = style(known).equals(course.style()) ? known : decay;
    }
    if (decay == null) {
      throw new CheckpointException(
          origin.source()
              + " has lr_decay_style "
              + Quote.quote(course.style())
              + ", known are linear, cosine, constant and inverse-square-root");
    }
    int warmup = steps(origin, "warm-up", course.warmup());
    if (decay == Schedule.Decay.INVERSE_SQRT && warmup == 0) {
      throw new CheckpointException(
          origin.source() + " has an inverse-square-root schedule without a warm-up to count from");
    }
    int decaySteps = steps(origin, "decay", course.decay());
    // OptimizerParamScheduler.get_lr: the least rate, 0, behind the decay. Here as transformers has
    // it, with no end.
    if (decay == Schedule.Decay.INVERSE_SQRT && course.lowest() == 0 && steps - 1 > decaySteps) {
      throw new IllegalArgumentException(
          origin.source()
              + " has an inverse-square-root schedule whose rate is 0 after step "
              + decaySteps
              + ", and all steps of this run are "
              + steps
              + "; set at most "
              + (decaySteps + 1));
    }
    try {
      return new Schedule(decay, warmup, decaySteps, course.lowest() / course.highest());
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(
          origin.source() + " has a learning rate's course that cannot be: " + e.getMessage(), e);
    }
  }

  private static int steps(MegatronTrainingState origin, String what, double samples)
      throws CheckpointException {
    // A warm-up given as a share of the run is a product that may miss the whole number narrowly.
    double steps = samples / origin.run().samplesPerStep();
    double whole = Math.rint(steps);
    if (!(whole >= 0 && whole <= Integer.MAX_VALUE && Math.abs(steps - whole) < 1e-6)) {
      throw new CheckpointException(
          origin.source()
              + " has a "
              + what
              + " of "
              + samples
              + " samples, which are no whole number of steps of "
              + origin.run().samplesPerStep());
    }
    return (int) whole;
  }

  /**
   * The options with AdamW's numbers of Megatron-LM's run.
   *
   * @param steps of the whole run that goes on with it
   * @throws CheckpointException if they are out of range
   * @throws IllegalArgumentException if a step has another number of samples, or the run is over
   */
  static TrainingOptions options(TrainingOptions options, MegatronTrainingState origin, int steps)
      throws CheckpointException {
    MegatronRun run = origin.run();
    if (run.samplesPerStep() != options.examplesPerStep()) {
      throw new IllegalArgumentException(
          origin.source()
              + " has "
              + run.samplesPerStep()
              + " samples a step, this run "
              + options.examplesPerStep()
              + "; set its global batch size");
    }
    if (run.iteration() >= steps) {
      throw new IllegalArgumentException(
          origin.source()
              + " has done "
              + run.iteration()
              + " steps, and all of this run are "
              + steps
              + "; set more");
    }
    MegatronRun.Adam adam = run.adam();
    try {
      return options.withOptimizer(
          new AdamWOptions(
              run.course().highest(),
              adam.beta1(),
              adam.beta2(),
              adam.eps(),
              adam.weightDecay(),
              adam.clip(),
              1));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(
          origin.source() + " has numbers that AdamW cannot have: " + e.getMessage(), e);
    }
  }
}
