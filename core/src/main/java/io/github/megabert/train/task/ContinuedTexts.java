// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ExampleReader;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelledText;
import java.io.IOException;

/** Tokenized texts each of whose tokens but a sequence's first is predicted from those before. */
record ContinuedTexts(EncodedSequences sequences) implements Dataset {
  static ContinuedTexts read(ExampleSource<LabelledText> examples, Preparation preparation)
      throws IOException {
    EncodedSequences sequences = new EncodedSequences();
    try (ExampleReader<LabelledText> reader = examples.open()) {
      for (LabelledText text = reader.read(); text != null; text = reader.read()) {
        if (text.pair() != null) {
          throw reader.refusal(
              "there are two texts where one is expected; name the column of the text");
        }
        int[] tokens = preparation.tokenizer().encode(text.text()).ids();
        // A single token at the end has nothing before it that it could be predicted from.
        for (int from = 0; from + 1 < tokens.length; from += preparation.maxLength()) {
          sequences.add(tokens, from, Math.min(tokens.length, from + preparation.maxLength()));
        }
      }
    }
    return new ContinuedTexts(sequences);
  }

  @Override
  public int size() {
    return sequences.size();
  }

  /** The labels are the tokens, which the model moves by one; a sequence's first has none. */
  @Override
  public Part batch(int epoch, int[] examples) {
    Batch batch = sequences.batch(examples);
    int[] labels = new int[batch.tokens()];
    for (int b = 0; b < examples.length; b++) {
      int[] tokens = sequences.tokens(examples[b]);
      System.arraycopy(tokens, 0, labels, batch.offsets()[b], tokens.length);
      labels[batch.offsets()[b]] = Labels.IGNORED;
    }
    return new Part(batch, new Labels.OfTokens(labels));
  }
}
