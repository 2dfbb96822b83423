// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.Labels;
import io.github.megabert.model.ProblemType;
import io.github.megabert.tensor.DType;
import io.github.megabert.tensor.Shape;
import io.github.megabert.tensor.Tensor;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ExampleReader;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelledText;
import io.github.megabert.train.data.Target;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tokenized texts and what a classifier is to say of them.
 *
 * @param classes of each text: its class or classes, ascending; empty arrays for regression
 * @param values of each text, for regression
 */
record ClassifiedTexts(
    ProblemType problem,
    LabelNames labels,
    EncodedSequences sequences,
    List<int[]> classes,
    List<Double> values)
    implements Dataset {

  static ClassifiedTexts read(
      ProblemType problem,
      LabelNames labels,
      ExampleSource<LabelledText> examples,
      Preparation preparation)
      throws IOException {
    ClassifiedTexts texts =
        new ClassifiedTexts(
            problem, labels, new EncodedSequences(), new ArrayList<>(), new ArrayList<>());
    try (ExampleReader<LabelledText> reader = examples.open()) {
      for (LabelledText text = reader.read(); text != null; text = reader.read()) {
        texts.addTarget(text.target(), reader);
        texts.sequences.add(preparation.encode(text.text(), text.pair()));
      }
    }
    return texts;
  }

  private void addTarget(@Nullable Target target, ExampleReader<?> reader) throws IOException {
    switch (target) {
      case Target.Label(String name) when problem == ProblemType.SINGLE_LABEL ->
          classes.add(new int[] {index(name, reader)});
      case Target.Labels(List<String> names) when problem == ProblemType.MULTI_LABEL -> {
        int[] indices = new int[names.size()];
        for (int i = 0; i < indices.length; i++) {
          indices[i] = index(names.get(i), reader);
        }
        classes.add(indices);
      }
      case Target.Value(double value) when problem == ProblemType.REGRESSION -> values.add(value);
      case null -> throw reader.refusal("there is no label");
      default ->
          throw reader.refusal(
              "the example has "
                  + switch (target) {
                    case Target.Label one -> "one label";
                    case Target.Labels several -> "a list of labels";
                    case Target.Value number -> "a number as its label";
                  }
                  + " where "
                  + switch (problem) {
                    case SINGLE_LABEL -> "one label";
                    case MULTI_LABEL -> "a list of labels";
                    case REGRESSION -> "a number";
                  }
                  + " is expected");
    }
  }

  private int index(String name, ExampleReader<?> reader) throws IOException {
    int index = labels.find(name);
    if (index < 0) {
      throw reader.refusal(labels.refusal(name));
    }
    return index;
  }

  @Override
  public int size() {
    return sequences.size();
  }

  @Override
  public Part batch(int epoch, int[] examples) {
    return new Part(sequences.batch(examples), labels(examples));
  }

  private Labels labels(int[] examples) {
    if (problem == ProblemType.SINGLE_LABEL) {
      int[] indices = new int[examples.length];
      for (int i = 0; i < examples.length; i++) {
        indices[i] = classes.get(examples[i])[0];
      }
      return new Labels.OfSequences(indices);
    }
    float[] targets = new float[examples.length * labels.size()];
    for (int i = 0; i < examples.length; i++) {
      if (problem == ProblemType.REGRESSION) {
        targets[i] = values.get(examples[i]).floatValue();
      } else {
        for (int index : classes.get(examples[i])) {
          targets[i * labels.size() + index] = 1;
        }
      }
    }
    return new Labels.Values(
        Tensor.wrap(
            MemorySegment.ofArray(targets), DType.F32, Shape.of(examples.length, labels.size())));
  }
}
