// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.Labels;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ChoiceExample;
import io.github.megabert.train.data.ExampleReader;
import io.github.megabert.train.data.ExampleSource;
import java.io.IOException;
import java.util.Arrays;

/**
 * Tokenized questions of multiple choice.
 *
 * @param sequences the choices of the first question, then those of the second, …
 * @param choices of each question
 * @param labels index of the right choice of each question
 */
record ChoiceQuestions(EncodedSequences sequences, int choices, int[] labels) implements Dataset {
  static ChoiceQuestions read(ExampleSource<ChoiceExample> examples, Preparation preparation)
      throws IOException {
    EncodedSequences sequences = new EncodedSequences();
    int[] labels = new int[64];
    int size = 0;
    int choices = 0;
    try (ExampleReader<ChoiceExample> reader = examples.open()) {
      for (ChoiceExample question = reader.read(); question != null; question = reader.read()) {
        if (size > 0 && question.choices().size() != choices) {
          throw reader.refusal(
              "the question has "
                  + question.choices().size()
                  + " choices where those before it have "
                  + choices
                  + "; all must have as many");
        }
        choices = question.choices().size();
        if (size == labels.length) {
          labels = Arrays.copyOf(labels, 2 * size);
        }
        labels[size++] = question.label();
        for (String choice : question.choices()) {
          sequences.add(preparation.encode(question.prompt(), choice));
        }
      }
    }
    return new ChoiceQuestions(sequences, choices, Arrays.copyOf(labels, size));
  }

  @Override
  public int size() {
    return labels.length;
  }

  /** The sequences of some questions. */
  int[] sequencesOf(int[] questions) {
    int[] all = new int[questions.length * choices];
    for (int i = 0; i < all.length; i++) {
      all[i] = questions[i / choices] * choices + i % choices;
    }
    return all;
  }

  @Override
  public Part batch(int epoch, int[] examples) {
    return new Part(
        sequences.batch(sequencesOf(examples)),
        new Labels.OfSequences(
            Arrays.stream(examples).map(question -> labels[question]).toArray()));
  }
}
