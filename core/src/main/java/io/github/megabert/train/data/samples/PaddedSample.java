// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.samples;

import java.util.Arrays;

/**
 * A sample as Megatron-LM hands it to its model: every array as long as the sequence may be, filled
 * with what the padding token's id is. With {@code [PAD]} = 0 a random token that happens to be
 * {@code [PAD]} is hidden from attention like padding, which is Megatron-LM's own way.
 *
 * @param text token ids
 * @param types 0 for the first segment, 1 for the second
 * @param labels what is to be predicted, −1 elsewhere
 * @param paddingMask 1 for tokens, 0 for padding
 * @param lossMask 1 for tokens that are to be predicted, 0 elsewhere
 */
@SuppressWarnings("ArrayRecordComponent") // read by those who made it, and never compared
public record PaddedSample(
    int[] text, int[] types, int[] labels, int[] paddingMask, int[] lossMask) {
  /** Pads a sample. */
  public static PaddedSample of(MaskedSample sample, WordPieces pieces, int sequenceLength) {
    int pad = pieces.pad();
    int length = sample.tokens().length;
    int[] text = Arrays.copyOf(sample.tokens(), sequenceLength);
    int[] types = new int[sequenceLength];
    int[] labels = Arrays.copyOf(sample.labels(), sequenceLength);
    int[] paddingMask = new int[sequenceLength];
    int[] lossMask = new int[sequenceLength];
    Arrays.fill(text, length, sequenceLength, pad);
    Arrays.fill(types, sample.boundary(), length, 1);
    Arrays.fill(types, length, sequenceLength, pad);
    Arrays.fill(labels, length, sequenceLength, MaskedSample.NOT_PREDICTED);
    for (int i = 0; i < sequenceLength; i++) {
      boolean isPad = text[i] == pad;
      paddingMask[i] = isPad ? pad : 1;
      lossMask[i] = labels[i] == MaskedSample.NOT_PREDICTED ? 0 : 1;
      text[i] = isPad ? 0 : text[i];
      labels[i] = labels[i] == pad ? 0 : labels[i];
    }
    return new PaddedSample(text, types, labels, paddingMask, lossMask);
  }
}
