// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

/**
 * A sample, without padding: {@code [CLS] A [SEP]} or {@code [CLS] A [SEP] B [SEP]}, some of whose
 * tokens are hidden.
 *
 * @param tokens ids, as the model reads them
 * @param boundary where the second segment begins; the length if there is none
 * @param labels what stood at each place that is to be predicted; {@link #NOT_PREDICTED} elsewhere
 * @param isRandom whether the segments were exchanged
 * @param truncated whether tokens were cut off
 */
@SuppressWarnings("ArrayRecordComponent") // read by those who made it, and never compared
public record MaskedSample(
    int[] tokens, int boundary, int[] labels, boolean isRandom, boolean truncated) {
  /** The label of a token that is not to be predicted. */
  public static final int NOT_PREDICTED = -1;
}
