// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which rows of packed matrices belong to which sequence of a ragged batch, and who may attend to
 * whom.
 *
 * <p>Sequence {@code b} has the query rows {@code queryStart[b] … + queryLength[b] - 1} and the key
 * (and value) rows {@code keyStart[b] … + keyLength[b] - 1}. With {@code causal}, query {@code i}
 * of a sequence attends to keys {@code 0 … keyLength - queryLength + i}: the queries are the last
 * positions of the keys. A key whose mask is 0 gets {@code -Float.MAX_VALUE} added to its score, as
 * in transformers: it counts for nothing unless every key of the sequence is masked. The arrays are
 * not copied and must not change while a computation uses them.
 *
 * @param heads number of heads; each reads {@code headDim} consecutive columns
 * @param headDim columns a head; scores are divided by its square root
 * @param causal whether a query sees no later key
 * @param queryStart first query row of each sequence
 * @param queryLength query rows of each sequence
 * @param keyStart first key row of each sequence
 * @param keyLength key rows of each sequence
 * @param keyMask one entry a row of the key matrix, 0 for a masked key; null if none is masked
 */
public record AttentionLayout(
    int heads,
    int headDim,
    boolean causal,
    int[] queryStart,
    int[] queryLength,
    int[] keyStart,
    int[] keyLength,
    byte @Nullable [] keyMask) {

  /** Checks that the arrays are of one length and that causal queries fit into their keys. */
  public AttentionLayout {
    int sequences = queryStart.length;
    if (queryLength.length != sequences
        || keyStart.length != sequences
        || keyLength.length != sequences) {
      throw new IllegalArgumentException("the four arrays of an attention layout differ in length");
    }
    for (int b = 0; causal && b < sequences; b++) {
      if (queryLength[b] > keyLength[b]) {
        throw new IllegalArgumentException(
            "causal sequence "
                + b
                + " has "
                + queryLength[b]
                + " queries but "
                + keyLength[b]
                + " keys");
      }
    }
  }

  /**
   * Self-attention over a ragged batch.
   *
   * @param offsets {@code sequences + 1} row offsets; sequence b has rows {@code offsets[b] …
   *     offsets[b + 1] - 1}
   */
  public static AttentionLayout self(
      int heads, int headDim, boolean causal, int[] offsets, byte @Nullable [] keyMask) {
    int sequences = offsets.length - 1;
    int[] start = new int[sequences];
    int[] length = new int[sequences];
    for (int b = 0; b < sequences; b++) {
      start[b] = offsets[b];
      length[b] = offsets[b + 1] - offsets[b];
    }
    return new AttentionLayout(heads, headDim, causal, start, length, start, length, keyMask);
  }

  /** Number of sequences. */
  public int sequences() {
    return queryStart.length;
  }

  /**
   * Where the probabilities of sequence {@code b} begin in the flat array {@code Σ heads × queries
   * × keys} that {@link Computation#attention} writes.
   */
  public long probabilityOffset(int b) {
    long offset = 0;
    for (int c = 0; c < b; c++) {
      offset += (long) heads * queryLength[c] * keyLength[c];
    }
    return offset;
  }

  /** Elements of all probabilities together. */
  public long probabilityCount() {
    return probabilityOffset(sequences());
  }

  /** Whether the other lets the same rows attend to the same rows. */
  @Override
  public boolean equals(@Nullable Object other) {
    if (this == other) {
      // All layers of a pass share one layout, and backends look it up for each.
      return true;
    }
    return other instanceof AttentionLayout that
        && heads == that.heads
        && headDim == that.headDim
        && causal == that.causal
        && Arrays.equals(queryStart, that.queryStart)
        && Arrays.equals(queryLength, that.queryLength)
        && Arrays.equals(keyStart, that.keyStart)
        && Arrays.equals(keyLength, that.keyLength)
        && Arrays.equals(keyMask, that.keyMask);
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        heads, headDim, causal, Arrays.hashCode(queryStart), Arrays.hashCode(queryLength));
  }

  @Override
  public String toString() {
    return "AttentionLayout[heads="
        + heads
        + ", headDim="
        + headDim
        + ", causal="
        + causal
        + ", queryStart="
        + Arrays.toString(queryStart)
        + ", queryLength="
        + Arrays.toString(queryLength)
        + ", keyStart="
        + Arrays.toString(keyStart)
        + ", keyLength="
        + Arrays.toString(keyLength)
        + ", keyMask="
        + Arrays.toString(keyMask)
        + "]";
  }
}
