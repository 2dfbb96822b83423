// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

/**
 * A dropout mask on part of a step's elements.
 *
 * @param mask what is dropped
 * @param position of the first element in the whole step, so that a part of a batch gets the mask
 *     that it has within the whole
 * @param firstHead of attention's probabilities: the first head of this part of a model
 * @param heads of the whole model; 0 where this is no part
 */
public record Dropout(DropoutMask mask, long position, int firstHead, int heads) {
  /** Of a whole model. */
  public Dropout(DropoutMask mask, long position) {
    this(mask, position, 0, 0);
  }

  /** Of the elements that begin so many later. */
  public Dropout from(long elements) {
    return new Dropout(mask, position + elements, firstHead, heads);
  }

  /** Of some of a model's heads. */
  public Dropout ofHeads(int first, int all) {
    return new Dropout(mask, position, first, all);
  }

  /**
   * How much later a sequence's probabilities are numbered than those of these heads alone would
   * be.
   *
   * @param layout of these heads
   */
  public long shift(AttentionLayout layout, int sequence) {
    if (heads == 0) {
      return 0;
    }
    long before = layout.probabilityOffset(sequence);
    long head = (long) layout.queryLength()[sequence] * layout.keyLength()[sequence];
    return before / layout.heads() * heads - before + firstHead * head;
  }
}
