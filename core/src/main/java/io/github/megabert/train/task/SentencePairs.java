// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.input.Quote;
import io.github.megabert.model.Labels;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ExampleReader;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelledText;
import io.github.megabert.train.data.Target;
import io.github.megabert.train.data.TrainingDataException;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Tokenized pairs of texts.
 *
 * @param isRandom whether the second text does not continue the first, a bit a pair
 */
record SentencePairs(EncodedSequences sequences, BitSet isRandom) implements Dataset {
  static SentencePairs read(ExampleSource<LabelledText> examples, Preparation preparation)
      throws IOException {
    SentencePairs pairs = new SentencePairs(new EncodedSequences(), new BitSet());
    try (ExampleReader<LabelledText> reader = examples.open()) {
      for (LabelledText text = reader.read(); text != null; text = reader.read()) {
        if (text.pair() == null) {
          throw reader.refusal("there is one text where two are expected");
        }
        pairs.isRandom.set(pairs.size(), label(text.target(), reader) == 1);
        pairs.sequences.add(preparation.encode(text.text(), text.pair()));
      }
    }
    return pairs;
  }

  /** transformers' {@code next_sentence_label}. */
  private static int label(@Nullable Target target, ExampleReader<?> reader)
      throws TrainingDataException {
    if (!(target instanceof Target.Label(String name))) {
      throw reader.refusal(
          "there is no label that says whether the second text continues the first");
    }
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "0", "is_next", "isnext", "next", "true" -> 0;
      case "1", "not_next", "notnext", "random", "false" -> 1;
      default ->
          throw reader.refusal(
              "the label "
                  + Quote.quote(name)
                  + " is neither is_next nor not_next (or 0 and 1, as transformers has them)");
    };
  }

  int label(int pair) {
    return isRandom.get(pair) ? 1 : 0;
  }

  @Override
  public int size() {
    return sequences.size();
  }

  @Override
  public Part batch(int epoch, int[] examples) {
    return new Part(
        sequences.batch(examples),
        new Labels.OfSequences(Arrays.stream(examples).map(this::label).toArray()));
  }
}
