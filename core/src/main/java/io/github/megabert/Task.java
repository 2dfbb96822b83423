// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.task.ZeroShotClassification;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What a model can be asked to do. Its tasks depend on the head that it was saved with. */
public enum Task {
  /** {@link MegaBert#fillMask}. */
  FILL_MASK,
  /** {@link MegaBert#textClassification}. */
  TEXT_CLASSIFICATION,
  /** {@link MegaBert#tokenClassification}. */
  TOKEN_CLASSIFICATION,
  /** {@link MegaBert#questionAnswering}. */
  QUESTION_ANSWERING,
  /** {@link MegaBert#zeroShotClassification}. */
  ZERO_SHOT_CLASSIFICATION,
  /** {@link MegaBert#crossEncoder}. */
  RANKING,
  /** {@link MegaBert#multipleChoice}. */
  MULTIPLE_CHOICE,
  /** {@link MegaBert#nextSentence}. */
  NEXT_SENTENCE,
  /** {@link MegaBert#featureExtraction}. */
  FEATURE_EXTRACTION,
  /** {@link MegaBert#textEmbedding}. */
  TEXT_EMBEDDING,
  /** {@link MegaBert#textGeneration}. */
  TEXT_GENERATION;

  /** The name in words, such as {@code fill-mask}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The tasks that a model of a class can do; all where the class is not known. */
  static Set<Task> of(Optional<ModelClass> modelClass, MegatronBertConfig config) {
    Set<Task> tasks = modelClass.map(c -> of(c, config)).orElseGet(() -> EnumSet.allOf(Task.class));
    tasks.add(FEATURE_EXTRACTION);
    tasks.add(TEXT_EMBEDDING);
    return tasks;
  }

  private static Set<Task> of(ModelClass modelClass, MegatronBertConfig config) {
    return switch (modelClass) {
      case MODEL -> EnumSet.noneOf(Task.class);
      case MASKED_LM, CAUSAL_LM -> EnumSet.of(FILL_MASK, TEXT_GENERATION);
      case PRE_TRAINING -> EnumSet.of(FILL_MASK, TEXT_GENERATION, NEXT_SENTENCE);
      case NEXT_SENTENCE -> EnumSet.of(Task.NEXT_SENTENCE);
      case SEQUENCE_CLASSIFICATION ->
          ZeroShotClassification.entailment(config).isPresent()
              ? EnumSet.of(TEXT_CLASSIFICATION, ZERO_SHOT_CLASSIFICATION, RANKING)
              : EnumSet.of(TEXT_CLASSIFICATION, RANKING);
      case TOKEN_CLASSIFICATION -> EnumSet.of(Task.TOKEN_CLASSIFICATION);
      case MULTIPLE_CHOICE -> EnumSet.of(Task.MULTIPLE_CHOICE);
      case QUESTION_ANSWERING -> EnumSet.of(Task.QUESTION_ANSWERING);
    };
  }

  /** The tasks that a model of the class that its configuration names can do. */
  public static Set<Task> of(MegatronBertConfig config) {
    return of(named(config), config);
  }

  private static Optional<ModelClass> named(MegatronBertConfig config) {
    return config.architectures().stream().findFirst().flatMap(ModelClass::find);
  }

  /**
   * The tasks that a model can be asked for but was not trained for. A model that was trained to
   * fill gaps reads a text from both sides, so it continues one badly.
   */
  public static Set<Task> untrained(MegatronBertConfig config) {
    return untrained(named(config), config);
  }

  static Set<Task> untrained(Optional<ModelClass> modelClass, MegatronBertConfig config) {
    boolean fillsGaps =
        modelClass
            .filter(c -> c == ModelClass.MASKED_LM || c == ModelClass.PRE_TRAINING)
            .isPresent();
    return fillsGaps && !config.isDecoder() ? EnumSet.of(TEXT_GENERATION) : Set.of();
  }

  /** The names of tasks, for messages. */
  static String labels(Set<Task> tasks) {
    return tasks.stream().map(Task::label).collect(Collectors.joining(", "));
  }
}
