// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import io.github.megabert.train.data.TrainingDataException;
import io.github.megabert.train.data.indexed.IndexedDataset;
import io.github.megabert.train.data.random.NumpyRandomState;

/**
 * The samples of a corpus: {@code BERTMaskedWordPieceDataset} of Megatron-LM. A sample is a
 * function of the options and its number. Thread-safe.
 */
public final class MaskedSamples implements SampleSource<MaskedSample> {
  private static final int SPECIAL = 3;
  private static final double HALF = 0.5;

  private final IndexedDataset data;
  private final WordPieces pieces;
  private final SampleOptions options;
  private final SampleIndex index;
  private final NgramLengths lengths;

  private MaskedSamples(
      IndexedDataset data, WordPieces pieces, SampleOptions options, SampleIndex index) {
    this.data = data;
    this.pieces = pieces;
    this.options = options;
    this.index = index;
    lengths = new NgramLengths(options);
  }

  /**
   * Draws samples of some documents.
   *
   * @param data stays open as long as samples are asked for
   * @param samples how many at least; 0 for those of one epoch
   * @throws TrainingDataException if no document gives any
   */
  public static MaskedSamples of(
      IndexedDataset data,
      WordPieces pieces,
      DocumentRange documents,
      SampleOptions options,
      long samples)
      throws TrainingDataException {
    return new MaskedSamples(
        data, pieces, options, SampleIndex.of(data, documents, options, samples));
  }

  @Override
  public int size() {
    return index.size();
  }

  @Override
  public double passes() {
    return index.epochs();
  }

  /** Which sentences make which sample. */
  public SampleIndex index() {
    return index;
  }

  @Override
  public MaskedSample sample(int number) throws TrainingDataException {
    return new Drawing(number).draw();
  }

  /** The work on one sample. */
  private final class Drawing {
    private final int number;
    private final NumpyRandomState random;
    private final WordMasking masking = new WordMasking(pieces, options, lengths);

    Drawing(int number) {
      this.number = number;
      random = new NumpyRandomState((options.seed() + (long) number) & 0xFFFFFFFFL);
    }

    MaskedSample draw() throws TrainingDataException {
      int first = index.first(number);
      int end = index.end(number);
      int pivot = end;
      boolean isRandom = false;
      if (options.sentenceOrder()) {
        pivot = first + (end - first >= SPECIAL ? random.randint(1, end - first) : 1);
        isRandom = random.random() < HALF;
      }
      int[] head = sentences(first, pivot);
      int[] tail = sentences(pivot, end);
      Segment a = new Segment(isRandom ? tail : head);
      Segment b = new Segment(isRandom ? head : tail);
      boolean truncated = truncate(a, b);
      int boundary = a.length() + 2;
      int[] tokens = new int[boundary + (b.length() > 0 ? b.length() + 1 : 0)];
      tokens[0] = pieces.cls();
      a.copy(tokens, 1);
      tokens[boundary - 1] = pieces.sep();
      if (b.length() > 0) {
        b.copy(tokens, boundary);
        tokens[tokens.length - 1] = pieces.sep();
      }
      int[] labels = masking.mask(tokens, index.target(number), random);
      return new MaskedSample(tokens, boundary, labels, isRandom, truncated);
    }

    /** Cuts tokens off the ends of the longer segment, at random. */
    private boolean truncate(Segment a, Segment b) {
      int excess = a.length() + b.length() - index.target(number);
      for (int i = 0; i < excess; i++) {
        Segment longer = a.length() > b.length() ? a : b;
        if (random.random() < HALF) {
          longer.from++;
        } else {
          longer.to--;
        }
      }
      return excess > 0;
    }

    private int[] sentences(int from, int to) throws TrainingDataException {
      int[] tokens = new int[Math.toIntExact(data.tokens(from, to))];
      int at = 0;
      for (int sentence = from; sentence < to; sentence++) {
        int length = data.length(sentence);
        data.read(sentence, 0, length, tokens, at);
        UnknownTokens.refuse(data, sentence, tokens, at, at + length, pieces.limit());
        at += length;
      }
      return tokens;
    }
  }

  /** What is left of some tokens. */
  private static final class Segment {
    private final int[] tokens;
    private int from;
    private int to;

    Segment(int[] tokens) {
      this.tokens = tokens;
      to = tokens.length;
    }

    int length() {
      return to - from;
    }

    void copy(int[] target, int at) {
      System.arraycopy(tokens, from, target, at, length());
    }
  }
}
