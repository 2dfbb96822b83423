// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import io.github.megabert.train.data.TrainingDataException;
import io.github.megabert.train.data.indexed.IndexedDataset;
import io.github.megabert.train.data.random.MersenneTwister;
import io.github.megabert.train.data.random.MersenneTwister64;
import java.util.Arrays;

/**
 * Which sentences make which sample: {@code build_mapping} of Megatron-LM's {@code helpers.cpp}.
 * Documents are cut at sentences once the target length is reached, epoch after epoch until there
 * are enough samples, and all samples are shuffled.
 *
 * <p>Left out, as there: documents of fewer sentences than a sample needs, and documents that have
 * one sentence of more than {@value #LONG_SENTENCE} tokens among several.
 */
public final class SampleIndex {
  private static final int LONG_SENTENCE = 512;
  private static final int FIELDS = 3;
  private static final int MOST_SAMPLES = (Integer.MAX_VALUE - 8) / FIELDS;

  /**
   * Documents that give no sample.
   *
   * @param empty without a sentence
   * @param tooShort of fewer sentences than a sample needs
   * @param longSentence with a sentence that is too long
   */
  public record LeftOut(int empty, int tooShort, int longSentence) {}

  /** First sentence, end, target length; sample after sample. */
  private int[] fields = new int[FIELDS << 8];

  private int size;
  private int epochs;
  private int empty;
  private int tooShort;
  private int longSentence;

  private SampleIndex() {}

  /**
   * Draws samples.
   *
   * @param documents those that are taken
   * @param samples how many at least; 0 for those of one epoch
   * @throws TrainingDataException if no document gives any
   */
  public static SampleIndex of(
      IndexedDataset data, DocumentRange documents, SampleOptions options, long samples)
      throws TrainingDataException {
    documents.requireWithin(data);
    SampleIndex index = new SampleIndex();
    TargetLengths targets = new TargetLengths(options);
    do {
      int before = index.size;
      index.epochs++;
      for (int document = documents.from(); document < documents.to(); document++) {
        index.add(data, document, options, targets);
      }
      if (index.size == before) {
        throw index.nothing(data, documents, options);
      }
      if (samples == 0) {
        break;
      }
    } while (index.size < samples);
    index.shuffle(options.seed());
    return index;
  }

  private void add(IndexedDataset data, int document, SampleOptions options, TargetLengths targets)
      throws TrainingDataException {
    int first = data.firstSequence(document);
    int end = data.firstSequence(document + 1);
    if (end - first < options.leastSentences()) {
      tooShort++;
      empty += first == end ? 1 : 0;
      return;
    }
    if (end - first > 1 && hasLongSentence(data, first, end)) {
      longSentence++;
      return;
    }
    int from = first;
    long tokens = 0;
    int target = targets.next();
    for (int sentence = first; sentence < end; sentence++) {
      tokens += data.length(sentence);
      int remaining = end - 1 - sentence;
      boolean isFull =
          tokens >= target && remaining > 1 && sentence + 1 - from >= options.leastSentences();
      if (isFull || remaining == 0) {
        append(data, from, sentence + 1, target);
        from = sentence + 1;
        tokens = 0;
        target = targets.next();
      }
    }
  }

  private static boolean hasLongSentence(IndexedDataset data, int first, int end) {
    for (int sentence = first; sentence < end; sentence++) {
      if (data.length(sentence) > LONG_SENTENCE) {
        return true;
      }
    }
    return false;
  }

  private void append(IndexedDataset data, int from, int to, int target)
      throws TrainingDataException {
    if (size == MOST_SAMPLES) {
      throw new TrainingDataException(
          data.prefix(), "would give more than " + MOST_SAMPLES + " samples; ask for fewer");
    }
    if (FIELDS * size == fields.length) {
      fields = Arrays.copyOf(fields, FIELDS * (int) Math.min(MOST_SAMPLES, 2L * size));
    }
    fields[FIELDS * size] = from;
    fields[FIELDS * size + 1] = to;
    fields[FIELDS * size + 2] = target;
    size++;
  }

  private void shuffle(int seed) {
    MersenneTwister64 random = new MersenneTwister64(seed + 1L);
    for (int i = size - 1; i > 0; i--) {
      int j = (int) Long.remainderUnsigned(random.next(), i + 1L);
      for (int field = 0; field < FIELDS; field++) {
        int swapped = fields[FIELDS * i + field];
        fields[FIELDS * i + field] = fields[FIELDS * j + field];
        fields[FIELDS * j + field] = swapped;
      }
    }
  }

  private TrainingDataException nothing(
      IndexedDataset data, DocumentRange documents, SampleOptions options) {
    return new TrainingDataException(
        IndexedDataset.indexFile(data.prefix()),
        "gives no sample: of "
            + documents.size()
            + " documents "
            + tooShort
            + " have fewer than "
            + options.leastSentences()
            + " sentences, and "
            + longSentence
            + " have one of more than "
            + LONG_SENTENCE
            + " tokens"
            + (options.sentenceOrder()
                ? "; were the texts split into sentences? Masked words alone take one sentence"
                : ""));
  }

  /** Number of samples. */
  public int size() {
    return size;
  }

  /** A sample's first sentence. */
  public int first(int sample) {
    return fields[FIELDS * sample];
  }

  /** The end of a sample's sentences. */
  public int end(int sample) {
    return fields[FIELDS * sample + 1];
  }

  /** The length that a sample is cut to, special tokens not counted. */
  public int target(int sample) {
    return fields[FIELDS * sample + 2];
  }

  /** Passes over the documents. */
  public int epochs() {
    return epochs;
  }

  /** Documents that give no sample. */
  public LeftOut leftOut() {
    return new LeftOut(empty / epochs, (tooShort - empty) / epochs, longSentence / epochs);
  }

  /** Lengths of samples: some are shorter by chance. */
  private static final class TargetLengths {
    private final MersenneTwister random;
    private final int longest;

    /** One sample in so many is shorter; 0 for none. */
    private final int ratio;

    TargetLengths(SampleOptions options) {
      random = new MersenneTwister(options.seed());
      longest = options.sequenceLength() - 3;
      double probability = options.shortSequenceProbability();
      ratio = probability > 0 ? (int) Math.min(Integer.MAX_VALUE, Math.round(1 / probability)) : 0;
    }

    int next() {
      if (ratio == 0) {
        return longest;
      }
      int drawn = random.next();
      return Integer.remainderUnsigned(drawn, ratio) == 0
          ? 2 + Integer.remainderUnsigned(drawn, longest - 1)
          : longest;
    }
  }
}
