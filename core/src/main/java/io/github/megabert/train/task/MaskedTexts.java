// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.backend.Philox;
import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.EncodingOptions;
import io.github.megabert.tokenizer.Overflow;
import io.github.megabert.tokenizer.Truncation;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.ExampleReader;
import io.github.megabert.train.data.ExampleSource;
import io.github.megabert.train.data.LabelledText;
import java.io.IOException;
import java.util.Arrays;

/**
 * Tokenized texts some of whose tokens are hidden: 15 % are to be predicted, of which 80 % become
 * {@code [MASK]}, 10 % a random token, and 10 % stay (J. Devlin et al., "BERT", 2019, section 3.1).
 * At least one token of a sequence is to be predicted.
 *
 * <p>What happens to a token is a function of the seed, the epoch, the sequence and the token's
 * place, so a run that is resumed sees the same masks.
 */
final class MaskedTexts implements Dataset {
  private static final double PREDICTED = 0.15;
  private static final double MASKED = 0.8;
  private static final double REPLACED = 0.1;

  /** Keeps these random numbers apart from those of dropout, which have the same seed. */
  private static final int STREAM = 0x4D4C4D;

  private final BertTokenizer tokenizer;
  private final long seed;
  private final EncodedSequences sequences = new EncodedSequences();

  private MaskedTexts(BertTokenizer tokenizer, long seed) {
    this.tokenizer = tokenizer;
    this.seed = seed;
  }

  static MaskedTexts read(ExampleSource<LabelledText> examples, Preparation preparation)
      throws IOException {
    MaskedTexts texts = new MaskedTexts(preparation.tokenizer(), preparation.seed());
    EncodingOptions options =
        EncodingOptions.DEFAULT
            .withTruncation(Truncation.ONLY_FIRST, preparation.maxLength())
            .withOverflow(Overflow.COMPLETE, 0);
    try (ExampleReader<LabelledText> reader = examples.open()) {
      for (LabelledText text = reader.read(); text != null; text = reader.read()) {
        if (text.pair() == null) {
          Encoding first = preparation.tokenizer().encode(text.text(), options);
          texts.add(first);
          first.overflow().forEach(texts::add);
        } else {
          texts.add(preparation.encode(text.text(), text.pair()));
        }
      }
      if (texts.size() == 0) {
        throw reader.refusal("no text up to here has a token that could be predicted");
      }
    }
    return texts;
  }

  /** Adds a sequence that has something to predict. */
  private void add(Encoding encoding) {
    if (Arrays.stream(encoding.ids()).anyMatch(id -> !tokenizer.isSpecial(id))) {
      sequences.add(encoding);
    }
  }

  EncodedSequences sequences() {
    return sequences;
  }

  @Override
  public int size() {
    return sequences.size();
  }

  @Override
  public Part batch(int epoch, int[] examples) {
    Batch batch = sequences.batch(examples);
    int[] tokens = new int[batch.tokens()];
    int[] labels = new int[batch.tokens()];
    Arrays.fill(labels, Labels.IGNORED);
    for (int b = 0; b < examples.length; b++) {
      int[] sequence = sequences.tokens(examples[b]);
      mask(epoch, examples[b], sequence, batch.offsets()[b], labels);
      System.arraycopy(sequence, 0, tokens, batch.offsets()[b], sequence.length);
    }
    Batch masked =
        new Batch(
            batch.offsets(), tokens, batch.tokenTypeIds(), batch.positionIds(), null, null, null);
    return new Part(masked, new Labels.OfTokens(labels));
  }

  /** Hides tokens of a sequence, and notes what they were. */
  private void mask(int epoch, int example, int[] sequence, int offset, int[] labels) {
    int[] words = new int[Philox.WORDS];
    int nearest = -1;
    double least = 1;
    boolean any = false;
    for (int t = 0; t < sequence.length; t++) {
      if (tokenizer.isSpecial(sequence[t])) {
        continue;
      }
      draw(epoch, example, t, words);
      double chance = uniform(words[0]);
      if (chance < PREDICTED) {
        labels[offset + t] = sequence[t];
        sequence[t] = hidden(sequence[t], words);
        any = true;
      } else if (chance < least) {
        least = chance;
        nearest = t;
      }
    }
    if (!any) {
      draw(epoch, example, nearest, words);
      labels[offset + nearest] = sequence[nearest];
      sequence[nearest] = hidden(sequence[nearest], words);
    }
  }

  private void draw(int epoch, int example, int position, int[] words) {
    Philox.block(
        position, example, epoch, STREAM, (int) seed, (int) (seed >>> Integer.SIZE), words);
  }

  private int hidden(int token, int[] words) {
    double chance = uniform(words[1]);
    if (chance < MASKED) {
      return tokenizer.maskId();
    }
    return chance < MASKED + REPLACED
        ? (int) (uniform(words[2]) * tokenizer.vocabularySize())
        : token;
  }

  /** At least 0, less than 1. */
  private static double uniform(int word) {
    return (word & 0xFFFFFFFFL) * 0x1p-32;
  }
}
