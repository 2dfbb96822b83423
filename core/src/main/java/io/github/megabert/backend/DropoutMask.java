// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;

/**
 * Which elements of a tensor dropout keeps. That is computed, not drawn: it depends on the seed,
 * the step, the stream and the element's position alone. So it is the same on every number of
 * threads, in every backend, when a layer is computed again for its gradients, and on every rank of
 * a parallel run.
 *
 * <p>Layout, for {@link Philox}:
 *
 * <ul>
 *   <li>key: the seed, its low word first;
 *   <li>counter, from its lowest word: {@code ⌊position / 4⌋} (two words, the low one first), the
 *       stream, the step;
 *   <li>the element's word of the block: {@code position mod 4}.
 * </ul>
 *
 * <p>An element is dropped where its word, unsigned, is less than {@code probability · 2³²},
 * rounded: the share of dropped elements is the probability to within 2⁻³³. Those kept are
 * multiplied by {@code 1 / (1 − probability)}, as PyTorch's {@code nn.functional.dropout} does; the
 * gradient passes through the same factors.
 *
 * <p>A position counts elements of the whole step, so a part of a batch (a sequence, a micro-batch,
 * a rank's slice) passes the positions that its elements have in the whole.
 *
 * @param seed the run's seed
 * @param step the optimizer's step, from 0; an unsigned word
 * @param stream which of the step's dropouts this is; see {@link #stream}
 * @param probability that an element is dropped; at least 0, less than 1
 */
public record DropoutMask(long seed, int step, int stream, double probability) {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final int KINDS = 1 << 8;
  private static final int LAYERS = 1 << 24;

  /**
   * @throws IllegalArgumentException if the probability is none that dropout can have
   */
  public DropoutMask {
    if (!(probability >= 0 && probability < 1)) {
      throw new IllegalArgumentException(
          "a dropout probability is at least 0 and less than 1, not " + probability);
    }
  }

  /**
   * The stream of one dropout in one layer: the kind is the lowest byte, the layer the rest.
   *
   * @param layer 0 to 2²⁴ − 1
   * @param kind 0 to 255: which dropout of the layer
   */
  public static int stream(int layer, int kind) {
    if (layer < 0 || layer >= LAYERS || kind < 0 || kind >= KINDS) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "layer %d and kind %d are no stream of dropout masks", layer, kind));
    }
    return layer * KINDS + kind;
  }

  /** Words, unsigned, below this are dropped: the probability in units of 2⁻³². */
  public long threshold() {
    return Math.round(probability * 0x1p32);
  }

  /** The factor of kept elements. */
  public float scale() {
    return (float) (1 / (1 - probability));
  }

  /** Whether the element at a position is kept. */
  public boolean keeps(long position) {
    int[] words = new int[Philox.WORDS];
    block(position >>> 2, words);
    return kept(words[(int) position & 3], threshold());
  }

  /**
   * {@code target[i] = source[i] · factor(position + i)}, the factor being 0 or {@link #scale}.
   * Source and target may be the same place.
   *
   * @param position of the first element
   * @param source float32
   * @param sourceAt byte offset of the first element
   * @param target float32
   * @param targetAt byte offset of the first result
   * @param count number of elements
   */
  public void apply(
      long position,
      MemorySegment source,
      long sourceAt,
      MemorySegment target,
      long targetAt,
      int count) {
    long threshold = threshold();
    float scale = scale();
    int[] words = new int[Philox.WORDS];
    for (int i = 0; i < count; ) {
      long block = (position + i) >>> 2;
      int word = (int) (position + i) & 3;
      block(block, words);
      for (; word < Philox.WORDS && i < count; word++, i++) {
        long at = (long) i * Float.BYTES;
        float value = source.get(FLOAT, sourceAt + at) * scale;
        target.set(FLOAT, targetAt + at, kept(words[word], threshold) ? value : 0);
      }
    }
  }

  private void block(long index, int[] words) {
    Philox.block(
        (int) index, (int) (index >>> 32), stream, step, (int) seed, (int) (seed >>> 32), words);
  }

  private static boolean kept(int word, long threshold) {
    return Integer.toUnsignedLong(word) >= threshold;
  }
}
