// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.train.TrainingOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How fine-tuning goes through its examples, and how it learns. */
public final class ExampleOptions {
  private static final TrainingOptions DEFAULT = TrainingOptions.DEFAULT;

  @Mixin private OptimizationOptions optimization = new OptimizationOptions();

  @Option(
      names = "--epochs",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Passes over the training data. Default: 3.")
  private @Nullable Integer epochs;

  @Option(
      names = "--max-steps",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Steps of the run, in place of --epochs.")
  private @Nullable Integer maxSteps;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Examples computed together. Default: 32.")
  private int batchSize = DEFAULT.batchSize();

  @Option(
      names = "--accumulate",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description =
          "Batches a step, whose gradients are averaged. Default: one for each copy of the model.")
  private @Nullable Integer accumulate;

  @Option(
      names = "--learning-rate",
      paramLabel = "X",
      converter = Numbers.Positive.class,
      description = "The highest learning rate. Default: 5e-5.")
  private double learningRate = DEFAULT.optimizer().learningRate();

  @Option(
      names = "--label-smoothing",
      paramLabel = "X",
      converter = Numbers.ShareBelowOne.class,
      description = "Part of a target that all classes share. Default: 0.")
  private @Nullable Double labelSmoothing;

  @Option(names = "--no-shuffle", description = "Take examples in the order of the file.")
  private boolean noShuffle;

  /**
   * Checks that options do not contradict each other.
   *
   * @param isValidated whether there is validation data
   * @throws WrongUsage if they do, or one has no effect
   */
  void requireConsistent(boolean isValidated) {
    WrongUsage.unless(
        epochs == null || maxSteps == null,
        "--epochs and --max-steps both say how long the run is: leave one out");
    optimization.requireConsistent(isValidated, "--validation");
  }

  /**
   * Refuses label smoothing where there is no cross entropy over labels.
   *
   * @param what has none
   */
  void refuseLabelSmoothing(String what) {
    WrongUsage.unless(labelSmoothing == null, "--label-smoothing does not apply to " + what);
  }

  /**
   * Batches a step.
   *
   * @param copies of the model, which divide them
   */
  int accumulate(int copies) {
    return accumulate == null ? copies : accumulate;
  }

  /** All of them, for a run of so many copies of the model. */
  TrainingOptions options(int copies) {
    return optimization.options(
        epochs == null ? DEFAULT.epochs() : epochs,
        maxSteps == null ? 0 : maxSteps,
        batchSize,
        accumulate(copies),
        learningRate,
        labelSmoothing == null ? 0 : labelSmoothing,
        !noShuffle,
        0);
  }
}
