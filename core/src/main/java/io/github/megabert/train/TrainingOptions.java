// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.train.optim.AdamWOptions;
import io.github.megabert.train.optim.Schedule;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * How a run trains. All defaults but the batch size are those of transformers.
 *
 * @param epochs passes over the training data
 * @param maxSteps steps at most; 0 for as many as the epochs have
 * @param batchSize examples of a forward and backward pass
 * @param accumulate passes a step, whose gradients are averaged
 * @param optimizer AdamW's numbers, the peak learning rate among them
 * @param decay the learning rate's course after the warm-up
 * @param warmupSteps steps of the warm-up, where {@code warmupRatio} is 0
 * @param warmupRatio part of the run that is warm-up
 * @param dropout all dropouts' probability; the configuration's where empty
 * @param labelSmoothing ε of the cross entropy
 * @param recompute whether layers are computed again for their gradients: memory for a third more
 *     time
 * @param seed of the order of examples and of dropout
 * @param shuffle whether examples are taken in a new order each epoch
 * @param evaluateEvery steps between evaluations; 0 evaluates after each epoch
 * @param saveEvery steps between checkpoints; 0 saves after each evaluation
 * @param earlyStopping evaluations without a better one after which a run ends; 0 for never
 * @param keep checkpoints that are kept, the last ones
 */
public record TrainingOptions(
    int epochs,
    int maxSteps,
    int batchSize,
    int accumulate,
    AdamWOptions optimizer,
    Schedule.Decay decay,
    int warmupSteps,
    double warmupRatio,
    OptionalDouble dropout,
    double labelSmoothing,
    boolean recompute,
    long seed,
    boolean shuffle,
    int evaluateEvery,
    int saveEvery,
    int earlyStopping,
    int keep) {
  /** Three epochs of batches of 32 at a peak rate of 5e-5, linear without warm-up. */
  public static final TrainingOptions DEFAULT =
      new TrainingOptions(
          3,
          0,
          32,
          1,
          AdamWOptions.DEFAULT,
          Schedule.Decay.LINEAR,
          0,
          0,
          OptionalDouble.empty(),
          0,
          false,
          42,
          true,
          0,
          0,
          0,
          2);

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException naming the option, what was given and what is expected
   */
  public TrainingOptions {
    requireAtLeast("epochs", epochs, maxSteps > 0 ? 0 : 1);
    requireAtLeast("maxSteps", maxSteps, 0);
    requireAtLeast("batchSize", batchSize, 1);
    requireAtLeast("accumulate", accumulate, 1);
    requireAtLeast("warmupSteps", warmupSteps, 0);
    requireAtLeast("evaluateEvery", evaluateEvery, 0);
    requireAtLeast("saveEvery", saveEvery, 0);
    requireAtLeast("earlyStopping", earlyStopping, 0);
    requireAtLeast("keep", keep, 1);
    requireShare("warmupRatio", warmupRatio);
    requireShare("labelSmoothing", labelSmoothing);
    if (dropout.isPresent()) {
      requireShare("dropout", dropout.getAsDouble());
    }
  }

  private static void requireAtLeast(String name, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(name + " must be at least " + least + ", not " + value);
    }
  }

  private static void requireShare(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be at least 0 and less than 1, not %s", name, value));
    }
  }

  /** These options with examples in the order of the data. */
  public TrainingOptions inOrder() {
    return new TrainingOptions(
        epochs,
        maxSteps,
        batchSize,
        accumulate,
        optimizer,
        decay,
        warmupSteps,
        warmupRatio,
        dropout,
        labelSmoothing,
        recompute,
        seed,
        false,
        evaluateEvery,
        saveEvery,
        earlyStopping,
        keep);
  }

  /** These options with another number of epochs. */
  public TrainingOptions withEpochs(int value) {
    return copy(value, maxSteps, batchSize, accumulate, optimizer, dropout, seed);
  }

  /** These options with another limit of steps. */
  public TrainingOptions withMaxSteps(int value) {
    return copy(epochs, value, batchSize, accumulate, optimizer, dropout, seed);
  }

  /** These options with another batch size. */
  public TrainingOptions withBatchSize(int value) {
    return copy(epochs, maxSteps, value, accumulate, optimizer, dropout, seed);
  }

  /** These options with another peak learning rate. */
  public TrainingOptions withLearningRate(double value) {
    return copy(
        epochs, maxSteps, batchSize, accumulate, optimizer.withLearningRate(value), dropout, seed);
  }

  /** These options with other numbers of AdamW. */
  public TrainingOptions withOptimizer(AdamWOptions value) {
    return copy(epochs, maxSteps, batchSize, accumulate, value, dropout, seed);
  }

  /** These options with another probability of all dropouts. */
  public TrainingOptions withDropout(double value) {
    return copy(epochs, maxSteps, batchSize, accumulate, optimizer, OptionalDouble.of(value), seed);
  }

  /** These options with another seed. */
  public TrainingOptions withSeed(long value) {
    return copy(epochs, maxSteps, batchSize, accumulate, optimizer, dropout, value);
  }

  private TrainingOptions copy(
      int newEpochs,
      int newMaxSteps,
      int newBatchSize,
      int newAccumulate,
      AdamWOptions newOptimizer,
      OptionalDouble newDropout,
      long newSeed) {
    return new TrainingOptions(
        newEpochs,
        newMaxSteps,
        newBatchSize,
        newAccumulate,
        newOptimizer,
        decay,
        warmupSteps,
        warmupRatio,
        newDropout,
        labelSmoothing,
        recompute,
        newSeed,
        shuffle,
        evaluateEvery,
        saveEvery,
        earlyStopping,
        keep);
  }

  /** Examples a step. */
  public int examplesPerStep() {
    return Math.multiplyExact(batchSize, accumulate);
  }

  /** Steps of an epoch over so many examples; the last may have fewer. */
  public int stepsPerEpoch(int examples) {
    return Math.ceilDiv(examples, examplesPerStep());
  }

  /** Steps of the whole run over so many examples. */
  public int steps(int examples) {
    return maxSteps > 0 ? maxSteps : Math.multiplyExact(epochs, stepsPerEpoch(examples));
  }

  /** The learning rate's course. */
  public Schedule schedule(int examples) {
    int steps = steps(examples);
    return warmupRatio > 0
        ? Schedule.withWarmupRatio(decay, warmupRatio, steps)
        : new Schedule(decay, warmupSteps, steps);
  }
}
