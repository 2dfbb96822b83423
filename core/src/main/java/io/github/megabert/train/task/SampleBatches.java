// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.model.Batch;
import io.github.megabert.model.Labels;
import io.github.megabert.train.Dataset;
import io.github.megabert.train.data.samples.Corpora;
import io.github.megabert.train.data.samples.MaskedSample;
import io.github.megabert.train.data.samples.SampleSource;
import io.github.megabert.train.data.samples.WordPieces;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The first samples of corpora as batches, without padding. What a sample is does not depend on the
 * epoch: its number is drawn anew for every pass over the documents.
 *
 * @param <S> the kind of samples
 */
final class SampleBatches<S> implements Dataset {
  /** Makes a batch of samples. */
  @FunctionalInterface
  interface Packing<S> {
    /** The batch and what is learnt from it. */
    Part pack(List<S> samples);
  }

  private final Corpora corpora;
  private final SampleSource<S> samples;
  private final int size;
  private final Packing<S> packing;
  private final String options;

  /**
   * @param most how many samples are taken at most
   * @param options what else tells these samples from others
   */
  SampleBatches(
      Corpora corpora, SampleSource<S> samples, int most, Packing<S> packing, String options) {
    this.corpora = corpora;
    this.samples = samples;
    size = Math.min(samples.size(), most);
    this.packing = packing;
    this.options = options;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public double passes() {
    return samples.passes() * size / samples.size();
  }

  @Override
  public String description() {
    return size + " samples of corpora " + Long.toHexString(corpora.checksum()) + ", " + options;
  }

  @Override
  public Part batch(int epoch, int[] examples) {
    try {
      corpora.requireUnchanged();
      List<S> drawn = new ArrayList<>(examples.length);
      for (int example : examples) {
        drawn.add(samples.sample(example));
      }
      return packing.pack(drawn);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /**
   * Masked samples.
   *
   * @param withOrder whether the order of segments is learnt too
   */
  static Packing<MaskedSample> masked(WordPieces pieces, boolean withOrder) {
    return drawn -> {
      int[] offsets = offsets(drawn.stream().mapToInt(sample -> sample.tokens().length).toArray());
      int tokens = offsets[drawn.size()];
      int[] ids = new int[tokens];
      int[] types = new int[tokens];
      int[] labels = new int[tokens];
      int[] order = new int[drawn.size()];
      for (int b = 0; b < drawn.size(); b++) {
        MaskedSample sample = drawn.get(b);
        System.arraycopy(sample.tokens(), 0, ids, offsets[b], sample.tokens().length);
        Arrays.fill(types, offsets[b] + sample.boundary(), offsets[b + 1], 1);
        for (int t = 0; t < sample.labels().length; t++) {
          int label = sample.labels()[t];
          labels[offsets[b] + t] = label == MaskedSample.NOT_PREDICTED ? Labels.IGNORED : label;
        }
        order[b] = sample.isRandom() ? 1 : 0;
      }
      if (Arrays.stream(labels).allMatch(label -> label == Labels.IGNORED)) {
        // Samples of a few tokens may have none to predict, and a mean of none is no number:
        // their first word is predicted as it stands.
        labels[1] = ids[1];
      }
      Batch batch =
          new Batch(offsets, ids, types, positions(offsets), seen(ids, pieces), null, null);
      return new Part(
          batch, withOrder ? new Labels.OfPreTraining(labels, order) : new Labels.OfTokens(labels));
    };
  }

  /** 0 for a random token that happens to be padding, as Megatron-LM hides it; null for none. */
  private static byte[] seen(int[] ids, WordPieces pieces) {
    byte[] seen = null;
    for (int t = 0; t < ids.length; t++) {
      if (pieces.isPadding(ids[t])) {
        if (seen == null) {
          seen = new byte[ids.length];
          Arrays.fill(seen, (byte) 1);
        }
        seen[t] = 0;
      }
    }
    return seen;
  }

  /** Windows, each of whose tokens but the first is predicted from those before it. */
  static Packing<int[]> causal() {
    return drawn -> {
      int[] offsets = offsets(drawn.stream().mapToInt(tokens -> tokens.length).toArray());
      int[] ids = new int[offsets[drawn.size()]];
      for (int b = 0; b < drawn.size(); b++) {
        System.arraycopy(drawn.get(b), 0, ids, offsets[b], drawn.get(b).length);
      }
      int[] labels = ids.clone();
      for (int b = 0; b < drawn.size(); b++) {
        labels[offsets[b]] = Labels.IGNORED;
      }
      int[] types = new int[ids.length];
      Batch batch = new Batch(offsets, ids, types, positions(offsets), null, null, null);
      return new Part(batch, new Labels.OfTokens(labels));
    };
  }

  private static int[] offsets(int[] lengths) {
    int[] offsets = new int[lengths.length + 1];
    for (int b = 0; b < lengths.length; b++) {
      offsets[b + 1] = Math.addExact(offsets[b], lengths[b]);
    }
    return offsets;
  }

  private static int[] positions(int[] offsets) {
    int[] positions = new int[offsets[offsets.length - 1]];
    for (int b = 0; b + 1 < offsets.length; b++) {
      for (int t = offsets[b]; t < offsets[b + 1]; t++) {
        positions[t] = t - offsets[b];
      }
    }
    return positions;
  }
}
