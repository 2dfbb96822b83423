// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import io.github.megabert.train.data.TrainingDataException;
import io.github.megabert.train.data.indexed.IndexedDataset;
import io.github.megabert.train.data.random.NumpyRandomState;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Windows over the tokens of all documents in random order: {@code GPTDataset} of Megatron-LM
 * without its extra token ({@code add_extra_token_to_sequence=False}), as the model moves labels by
 * itself. What is shuffled is whole documents, and then the windows. Thread-safe.
 */
public final class CausalSamples implements SampleSource<int[]> {
  /** With a smaller part of the last epoch than this, its windows come after all others. */
  private static final double SEPARATE = 0.8;

  private final IndexedDataset data;
  private final int vocabularySize;
  private final int sequenceLength;
  private final int epochs;

  /** Documents in the order of the stream. */
  private final int[] documents;

  /** Where each ends in the stream. */
  private final long[] ends;

  /** Windows in the order of the samples. */
  private final int[] windows;

  private CausalSamples(
      IndexedDataset data,
      int vocabularySize,
      int sequenceLength,
      int epochs,
      int[] documents,
      long[] ends,
      int[] windows) {
    this.data = data;
    this.vocabularySize = vocabularySize;
    this.sequenceLength = sequenceLength;
    this.epochs = epochs;
    this.documents = documents;
    this.ends = ends;
    this.windows = windows;
  }

  /**
   * Draws samples.
   *
   * @param vocabularySize ids from here on are refused
   * @param seed from 0
   * @param samples how many at least; 0 for those of one epoch
   * @throws TrainingDataException if the documents have fewer tokens than one sample
   */
  public static CausalSamples of(
      IndexedDataset data,
      int vocabularySize,
      DocumentRange range,
      int seed,
      int sequenceLength,
      int samples)
      throws TrainingDataException {
    range.requireWithin(data);
    long tokens = data.tokens(data.firstSequence(range.from()), data.firstSequence(range.to()));
    if (tokens < sequenceLength) {
      throw new TrainingDataException(
          IndexedDataset.indexFile(data.prefix()),
          "has "
              + tokens
              + " tokens in "
              + range.size()
              + " documents; a sample takes "
              + sequenceLength);
    }
    long wanted = Math.max(1, (long) samples * sequenceLength);
    int epochs = Math.toIntExact(Math.ceilDiv(wanted, tokens));
    long perEpoch = tokens / sequenceLength;
    long before = (epochs - 1) * tokens / sequenceLength;
    boolean isLastSeparate = epochs > 1 && samples - before < (int) (SEPARATE * perEpoch);
    NumpyRandomState random = new NumpyRandomState(seed);
    int[] order = order(range, epochs, isLastSeparate, random);
    int count = Math.toIntExact(epochs * tokens / sequenceLength);
    return new CausalSamples(
        data,
        vocabularySize,
        sequenceLength,
        epochs,
        order,
        ends(data, order),
        shuffled(count, isLastSeparate ? Math.toIntExact(before) : count, random));
  }

  private static int[] order(
      DocumentRange range, int epochs, boolean isLastSeparate, NumpyRandomState random) {
    int[] order = new int[Math.multiplyExact(epochs, range.size())];
    Arrays.setAll(order, i -> range.from() + i % range.size());
    return shuffleParts(order, isLastSeparate ? order.length - range.size() : order.length, random);
  }

  private static int[] shuffled(int count, int first, NumpyRandomState random) {
    return shuffleParts(IntStream.range(0, count).toArray(), first, random);
  }

  /** Shuffles the first values among themselves, and then the others. */
  private static int[] shuffleParts(int[] values, int first, NumpyRandomState random) {
    random.shuffle(values, first);
    if (first < values.length) {
      int[] last = Arrays.copyOfRange(values, first, values.length);
      random.shuffle(last, last.length);
      System.arraycopy(last, 0, values, first, last.length);
    }
    return values;
  }

  private static long[] ends(IndexedDataset data, int[] order) {
    long[] ends = new long[order.length];
    long end = 0;
    for (int i = 0; i < order.length; i++) {
      end += data.tokens(data.firstSequence(order[i]), data.firstSequence(order[i] + 1));
      ends[i] = end;
    }
    return ends;
  }

  @Override
  public int size() {
    return windows.length;
  }

  @Override
  public double passes() {
    return epochs;
  }

  /** Token ids, as many as a sample has. */
  @Override
  public int[] sample(int number) throws TrainingDataException {
    int[] tokens = new int[sequenceLength];
    long position = (long) windows[number] * sequenceLength;
    int filled = 0;
    for (int i = firstEndingAfter(position); filled < sequenceLength; i++) {
      long begin = i == 0 ? 0 : ends[i - 1];
      filled = copy(documents[i], position + filled - begin, tokens, filled);
    }
    return tokens;
  }

  private int firstEndingAfter(long position) {
    int low = 0;
    int high = ends.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (ends[middle] <= position) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Copies a document's tokens from {@code skip} on; returns how many the sample has then. */
  private int copy(int document, long skip, int[] tokens, int filled) throws TrainingDataException {
    int end = data.firstSequence(document + 1);
    long passed = 0;
    int at = filled;
    for (int sequence = data.firstSequence(document); sequence < end; sequence++) {
      int length = data.length(sequence);
      int from = Math.clamp(skip - passed, 0, length);
      int count = Math.min(length - from, tokens.length - at);
      data.read(sequence, from, count, tokens, at);
      UnknownTokens.refuse(data, sequence, tokens, at, at + count, vocabularySize);
      at += count;
      passed += length;
    }
    return at;
  }
}
