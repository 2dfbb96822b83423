// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import io.github.megabert.train.data.random.NumpyRandomState;
import java.util.Arrays;

/**
 * Hides words of a sequence: {@code _create_masked_lm_predictions} of Megatron-LM's {@code
 * masked_dataset.py}, without its permutation. Words are taken in random order, each with a random
 * number of those after it, until enough tokens are hidden. Of the tokens 80 % become {@code
 * [MASK]}, 10 % a random one, 10 % stay. Not thread-safe.
 */
final class WordMasking {
  private static final double MASKED = 0.8;
  private static final double REPLACED = 0.5;

  private final WordPieces pieces;
  private final SampleOptions options;
  private final NgramLengths lengths;

  /** The places of tokens that are not special, word after word. */
  private int[] places = new int[1 << 9];

  /** Where in {@link #places} each word begins, and the end. */
  private int[] words = new int[(1 << 9) + 1];

  private int[] order = new int[1 << 9];
  private int wordCount;

  WordMasking(WordPieces pieces, SampleOptions options, NgramLengths lengths) {
    this.pieces = pieces;
    this.options = options;
    this.lengths = lengths;
  }

  /**
   * Hides tokens in place.
   *
   * @param target the length that the sample was to have
   * @return what was hidden, and {@link MaskedSample#NOT_PREDICTED} elsewhere
   */
  int[] mask(int[] tokens, int target, NumpyRandomState random) {
    findWords(tokens);
    for (int word = 0; word < wordCount; word++) {
      order[word] = word;
    }
    random.shuffle(order, wordCount);
    double most =
        Math.min(
            options.maskingProbability() * target,
            Math.max(1, Math.rint(tokens.length * options.maskingProbability())));
    int[] labels = new int[tokens.length];
    Arrays.fill(labels, MaskedSample.NOT_PREDICTED);
    int masked = 0;
    for (int i = 0; i < wordCount && masked < most; i++) {
      int word = order[i];
      int end = end(word, lengths.draw(random), most - masked);
      if (end > words[word] && isUntouched(labels, words[word], end)) {
        for (int k = words[word]; k < end; k++) {
          int place = places[k];
          labels[place] = tokens[place];
          tokens[place] = hidden(tokens[place], random);
        }
        masked += end - words[word];
      }
    }
    return labels;
  }

  /** Gathers the pieces of each word; without whole words, each piece is one. */
  private void findWords(int[] tokens) {
    reserve(tokens.length);
    wordCount = 0;
    int count = 0;
    for (int place = 0; place < tokens.length; place++) {
      int token = tokens[place];
      if (token != pieces.cls() && token != pieces.sep()) {
        if (!(options.wholeWord() && wordCount > 0 && pieces.isContinuing(token))) {
          words[wordCount++] = count;
        }
        places[count++] = place;
      }
    }
    words[wordCount] = count;
  }

  private void reserve(int tokens) {
    if (places.length < tokens) {
      places = new int[2 * tokens];
      words = new int[2 * tokens + 1];
      order = new int[2 * tokens];
    }
  }

  /** The end of the most words up to {@code n} that leave room; the beginning where none does. */
  private int end(int word, int n, double room) {
    for (int count = n; count > 0; count--) {
      int end = words[Math.min(word + count, wordCount)];
      if (end - words[word] <= room) {
        return end;
      }
    }
    return words[word];
  }

  private boolean isUntouched(int[] labels, int from, int to) {
    for (int k = from; k < to; k++) {
      if (labels[places[k]] != MaskedSample.NOT_PREDICTED) {
        return false;
      }
    }
    return true;
  }

  private int hidden(int token, NumpyRandomState random) {
    if (random.random() < MASKED) {
      return pieces.mask();
    }
    return random.random() >= REPLACED ? pieces.id(random.randint(0, pieces.size())) : token;
  }
}
