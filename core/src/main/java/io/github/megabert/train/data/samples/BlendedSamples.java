// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import io.github.megabert.train.data.TrainingDataException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Samples of several corpora in proportion to weights: {@code BlendedDataset} of Megatron-LM. The
 * next sample comes from the corpus that lags most behind its share.
 *
 * @param <S> the kind of samples
 */
public final class BlendedSamples<S> implements SampleSource<S> {
  private final List<? extends SampleSource<S>> sources;
  private final short[] source;
  private final int[] number;

  /** Samples of each source so far. */
  private final int[] counts;

  private BlendedSamples(List<? extends SampleSource<S>> sources, int size) {
    this.sources = List.copyOf(sources);
    counts = new int[sources.size()];
    source = new short[size];
    number = new int[size];
  }

  /**
   * So many samples.
   *
   * @param weights one a source, each above 0
   * @throws TrainingDataException if a source has fewer samples than its share
   */
  public static <S> BlendedSamples<S> of(
      List<? extends SampleSource<S>> sources, double[] weights, int size)
      throws TrainingDataException {
    BlendedSamples<S> blend = new BlendedSamples<>(sources, size);
    double[] shares = normalized(weights);
    for (int i = 0; i < size; i++) {
      blend.take(i, blend.furthestBehind(shares, i, null));
    }
    return blend;
  }

  /** Every sample of every source once, mixed in proportion to their numbers. */
  public static <S> BlendedSamples<S> ofAll(List<? extends SampleSource<S>> sources)
      throws TrainingDataException {
    double[] sizes = sources.stream().mapToDouble(SampleSource::size).toArray();
    long size = 0;
    for (SampleSource<S> each : sources) {
      size += each.size();
    }
    BlendedSamples<S> blend = new BlendedSamples<>(sources, Math.toIntExact(size));
    double[] shares = sizes.clone();
    for (int i = 0; i < shares.length; i++) {
      shares[i] /= size;
    }
    for (int i = 0; i < size; i++) {
      blend.take(i, blend.furthestBehind(shares, i, sizes));
    }
    return blend;
  }

  static double[] normalized(double[] weights) {
    double sum = PairwiseSum.of(weights);
    double[] shares = weights.clone();
    for (int i = 0; i < shares.length; i++) {
      shares[i] /= sum;
    }
    return shares;
  }

  /**
   * @param sizes of the sources, of which those are passed over that have no more; null where all
   *     are endless
   */
  private int furthestBehind(double[] shares, int done, double @Nullable [] sizes) {
    int furthest = -1;
    double most = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < shares.length; i++) {
      double behind = shares[i] * Math.max(done, 1) - counts[i];
      if (behind > most && (sizes == null || counts[i] < sizes[i])) {
        most = behind;
        furthest = i;
      }
    }
    return furthest;
  }

  private void take(int i, int from) throws TrainingDataException {
    if (counts[from] == sources.get(from).size()) {
      throw new TrainingDataException(
          "corpus " + (from + 1) + " of the blend",
          "has "
              + counts[from]
              + " samples, its share is more; ask for fewer, or give it a smaller weight");
    }
    source[i] = (short) from;
    number[i] = counts[from]++;
  }

  @Override
  public int size() {
    return source.length;
  }

  /** The mean of the sources. */
  @Override
  public double passes() {
    double sum = 0;
    for (int i = 0; i < sources.size(); i++) {
      SampleSource<S> each = sources.get(i);
      sum += each.passes() * counts[i] / each.size();
    }
    return sum / sources.size();
  }

  /** What is blended. */
  public List<? extends SampleSource<S>> sources() {
    return sources;
  }

  /** Which of the sources a sample is of. */
  public int source(int sample) {
    return source[sample];
  }

  /** A sample's number within its source. */
  public int number(int sample) {
    return number[sample];
  }

  @Override
  public S sample(int sample) throws TrainingDataException {
    return sources.get(source[sample]).sample(number[sample]);
  }
}
