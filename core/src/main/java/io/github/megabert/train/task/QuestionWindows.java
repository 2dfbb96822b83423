// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.Labels;
import io.github.megabert.task.QuestionAnswering;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ExampleReader;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.QuestionExample;
import io.github.megabert.train.data.TrainingDataException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Questions with the parts of their contexts.
 *
 * @param spans where each window has its answer
 */
record QuestionWindows(EncodedSequences sequences, List<TokenSpan> spans) implements Dataset {
  static QuestionWindows read(ExampleSource<QuestionExample> examples, Preparation preparation)
      throws IOException {
    QuestionWindows data = new QuestionWindows(new EncodedSequences(), new ArrayList<>());
    try (ExampleReader<QuestionExample> reader = examples.open()) {
      for (QuestionExample example = reader.read(); example != null; example = reader.read()) {
        for (Encoding window : windows(example, reader, preparation)) {
          data.sequences.add(window);
          data.spans.add(TokenSpan.of(window, example));
        }
      }
    }
    return data;
  }

  /** The windows of the example that was read last. */
  static List<Encoding> windows(
      QuestionExample example, ExampleReader<?> reader, Preparation preparation)
      throws TrainingDataException {
    try {
      return QuestionAnswering.windows(
          preparation.tokenizer(),
          preparation.maxLength(),
          new QuestionAnswering.Question(example.question(), example.context()),
          options(preparation));
    } catch (IllegalArgumentException unfit) {
      throw reader.refusal(String.valueOf(unfit.getMessage()));
    }
  }

  /** The windows that the pipeline makes. */
  static QuestionAnswering.Options options(Preparation preparation) {
    return QuestionAnswering.Options.DEFAULT.withWindows(0, preparation.stride());
  }

  @Override
  public int size() {
    return sequences.size();
  }

  @Override
  public Part batch(int epoch, int[] examples) {
    int[] starts = new int[examples.length];
    int[] ends = new int[examples.length];
    for (int b = 0; b < examples.length; b++) {
      starts[b] = spans.get(examples[b]).first();
      ends[b] = spans.get(examples[b]).last();
    }
    return new Part(sequences.batch(examples), new Labels.Spans(starts, ends));
  }
}
