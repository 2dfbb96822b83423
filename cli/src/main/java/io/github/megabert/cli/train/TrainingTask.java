// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.parameters.ModelClass;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What a model can be trained for. */
public enum TrainingTask {
  CLASSIFY("classify", ModelClass.SEQUENCE_CLASSIFICATION),
  NER("ner", ModelClass.TOKEN_CLASSIFICATION),
  ANSWER("answer", ModelClass.QUESTION_ANSWERING),
  CHOOSE("choose", ModelClass.MULTIPLE_CHOICE),
  NEXT_SENTENCE("next-sentence", ModelClass.NEXT_SENTENCE),
  MLM("mlm", ModelClass.MASKED_LM),
  CLM("clm", ModelClass.CAUSAL_LM);

  private final String optionName;
  private final ModelClass modelClass;

  TrainingTask(String optionName, ModelClass modelClass) {
    this.optionName = optionName;
    this.modelClass = modelClass;
  }

  /** The class that learns it. */
  ModelClass modelClass() {
    return modelClass;
  }

  /** The name that {@code --task} has for it. */
  String optionName() {
    return optionName;
  }

  /** Whether its files have columns for a text and a label. */
  boolean hasColumns() {
    return this != ANSWER && this != CHOOSE;
  }

  /** Whether a text may have a second one beside it. */
  boolean hasPairs() {
    return this == CLASSIFY || this == NEXT_SENTENCE;
  }

  /** Whether examples have a label in a column of their own. */
  boolean hasLabels() {
    return hasColumns() && this != MLM && this != CLM;
  }

  /** Whether its loss is a cross entropy over labels or tokens, which may be smoothed. */
  boolean hasSmoothLabels() {
    return hasColumns();
  }

  /** Names for {@code --task}. */
  static final class Names implements Iterable<String>, ITypeConverter<TrainingTask> {
    private static final List<String> NAMES =
        Arrays.stream(values()).map(TrainingTask::optionName).toList();

    @Override
    public Iterator<String> iterator() {
      return NAMES.iterator();
    }

    @Override
    public TrainingTask convert(String text) {
      for (TrainingTask task : values()) {
        if (task.optionName.equals(text)) {
          return task;
        }
      }
      throw new TypeConversionException("\"" + text + "\" is none of " + String.join(", ", NAMES));
    }
  }
}
