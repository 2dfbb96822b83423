// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

/**
 * Scratch that one operation writes and reads before the next begins: operations take turns with
 * it.
 */
public enum Temporary {
  /** The bfloat16 factor of a product. */
  FACTOR(0),
  /** The bfloat16 product. */
  PRODUCT(1),
  /** Probabilities that nobody asked for. */
  PROBABILITIES(2),
  /** What cuDNN reads and writes. */
  QUERIES(3),
  KEYS(4),
  VALUES(5),
  CONTEXT(6),
  /** What a row, or a query and a head, leaves for the gradients of others. */
  STATISTICS(7),
  /** Sums of blocks of rows. */
  BLOCKS(8),
  /** The numbers of the next task, which steps change. */
  TICKET(9),
  /** Which numbers are next. */
  CURSOR(10),
  /** Sums in double. */
  SUMS(11),
  /** What is to be added to the values' gradients. */
  VALUE_GRADIENTS(12),
  /** The bfloat16 gradient of a product. */
  GRADIENT_FACTOR(13),
  /** Attention's scores, then their weights in sums of values, one row a query and head. */
  SCORES(14),
  /** Gradients of weights, then of scores. */
  SCORE_GRADIENTS(15),
  /** Gradients of attention's result, one block a head, and those that come of it. */
  CONTEXT_GRADIENTS(16),
  DENSE_GRADIENTS(17),
  /** The sum of the gradients' squares, and by what they are clipped. */
  CLIP(18);

  private static final int COUNT = values().length;

  private final int role;

  Temporary(int role) {
    this.role = role;
  }

  /** The operand; slots below zero are no matrix's. */
  public Operand.Scratch of(int elements, Element element) {
    return of(0, elements, element);
  }

  /** The operand of a group of sequences. */
  public Operand.Scratch of(int group, int elements, Element element) {
    return new Operand.Scratch(-1 - role - group * COUNT, elements, element);
  }
}
