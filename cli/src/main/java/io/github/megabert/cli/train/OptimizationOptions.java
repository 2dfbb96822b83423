// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.train.TrainingOptions;
import io.github.megabert.train.optim.AdamWOptions;
import io.github.megabert.train.optim.Schedule;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How a run learns: what fine-tuning and pre-training have in common. */
public final class OptimizationOptions {
  private static final TrainingOptions DEFAULT = TrainingOptions.DEFAULT;

  @Option(
      names = "--weight-decay",
      paramLabel = "X",
      converter = Numbers.NotNegative.class,
      description = "AdamW's decay of matrices, not of biases and LayerNorms. Default: 0.01.")
  private double weightDecay = DEFAULT.optimizer().weightDecay();

  @Option(
      names = "--clip",
      paramLabel = "X",
      converter = Numbers.NotNegative.class,
      description = "Greatest norm of all gradients together; 0 for any. Default: 1.0.")
  private double clip = DEFAULT.optimizer().clip();

  @Option(
      names = "--schedule",
      paramLabel = "NAME",
      converter = ScheduleNames.class,
      completionCandidates = ScheduleNames.class,
      description =
          "The learning rate's course after the warm-up: linear, cosine, constant or inverse-sqrt."
              + " Default: linear.")
  private Schedule.Decay schedule = DEFAULT.decay();

  @Option(
      names = "--warmup-steps",
      paramLabel = "N",
      converter = Numbers.AtLeastZero.class,
      description = "Steps in which the learning rate rises from 0. Default: 0.")
  private @Nullable Integer warmupSteps;

  @Option(
      names = "--warmup-ratio",
      paramLabel = "X",
      converter = Numbers.ShareBelowOne.class,
      description = "The same as a part of the run.")
  private @Nullable Double warmupRatio;

  @Option(
      names = "--dropout",
      paramLabel = "P",
      converter = Numbers.ShareBelowOne.class,
      description = "Probability of all dropouts. Default: the configuration's.")
  private @Nullable Double dropout;

  @Option(
      names = "--layer-decay",
      paramLabel = "X",
      converter = Numbers.Probability.class,
      description =
          "Factor of the learning rate from a layer to the one below it. Default: 1, one rate.")
  private double layerDecay = DEFAULT.optimizer().layerDecay();

  @Option(
      names = "--recompute",
      paramLabel = "WHAT",
      description =
          "full: layers are computed again for their gradients, which takes less memory and a third"
              + " more time. none and selective (attention alone) are the same on the CPU, where"
              + " attention never stores its probabilities. Default: none.")
  private Recompute recompute = Recompute.NONE;

  @Option(
      names = "--seed",
      paramLabel = "N",
      converter = Numbers.AtLeastZero.class,
      description = "Of the order of data, dropout, masks and new weights. Default: 42.")
  private int seed = Math.toIntExact(DEFAULT.seed());

  @Option(
      names = "--evaluate-every",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description =
          "Steps from one validation to the next. Default: an epoch, in pre-training 1000.")
  private @Nullable Integer evaluateEvery;

  @Option(
      names = "--save-every",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Steps from one checkpoint to the next. Default: one after each validation.")
  private @Nullable Integer saveEvery;

  @Option(
      names = "--early-stopping",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Validations in a row without a better one that end the run. Default: none do.")
  private @Nullable Integer earlyStopping;

  @Option(
      names = "--keep",
      paramLabel = "K",
      converter = Numbers.AtLeastOne.class,
      description = "Checkpoints that are kept, the last ones. Default: 2.")
  private int keep = DEFAULT.keep();

  /** What is computed again for the gradients. */
  enum Recompute {
    /** Nothing. */
    NONE,
    /** Attention's probabilities, which the CPU backends never store. */
    SELECTIVE,
    /** Layers. */
    FULL
  }

  /** Names for {@code --schedule}. */
  static final class ScheduleNames implements Iterable<String>, ITypeConverter<Schedule.Decay> {
    private static final List<String> NAMES =
        Arrays.stream(Schedule.Decay.values()).map(Schedule.Decay::optionName).toList();

    @Override
    public Iterator<String> iterator() {
      return NAMES.iterator();
    }

    @Override
    public Schedule.Decay convert(String text) {
      if (!NAMES.contains(text)) {
        throw new TypeConversionException(
            "\"" + text + "\" is none of " + String.join(", ", NAMES));
      }
      return Schedule.Decay.ofOptionName(text);
    }
  }

  /**
   * Checks that options do not contradict each other.
   *
   * @param isValidated whether there is validation data
   * @param data what names validation data, for messages
   * @throws WrongUsage if they do, or one has no effect
   */
  void requireConsistent(boolean isValidated, String data) {
    WrongUsage.unless(
        warmupSteps == null || warmupRatio == null,
        "--warmup-steps and --warmup-ratio say the same: leave one out");
    WrongUsage.unless(
        isValidated || earlyStopping == null,
        "--early-stopping looks at validations: name the data with " + data);
    WrongUsage.unless(
        isValidated || evaluateEvery == null,
        "--evaluate-every is for validations: name the data with "
            + data
            + ", or use --save-every for checkpoints");
  }

  private static int orZero(@Nullable Integer number) {
    return number == null ? 0 : number;
  }

  /** The seed. */
  int seed() {
    return seed;
  }

  /**
   * All of them, and what a command says besides.
   *
   * @param epochs passes over the data
   * @param maxSteps steps in their place; 0 for none
   * @param evaluations steps from one validation to the next where nothing else is asked for; 0 for
   *     an epoch
   */
  TrainingOptions options(
      int epochs,
      int maxSteps,
      int batchSize,
      int accumulate,
      double learningRate,
      double labelSmoothing,
      boolean shuffle,
      int evaluations) {
    AdamWOptions adam = DEFAULT.optimizer();
    return new TrainingOptions(
        epochs,
        maxSteps,
        batchSize,
        accumulate,
        new AdamWOptions(
            learningRate, adam.beta1(), adam.beta2(), adam.eps(), weightDecay, clip, layerDecay),
        schedule,
        orZero(warmupSteps),
        warmupRatio == null ? 0 : warmupRatio,
        dropout == null ? OptionalDouble.empty() : OptionalDouble.of(dropout),
        labelSmoothing,
        recompute == Recompute.FULL,
        seed,
        shuffle,
        evaluateEvery == null ? evaluations : evaluateEvery,
        orZero(saveEvery),
        orZero(earlyStopping),
        keep);
  }
}
