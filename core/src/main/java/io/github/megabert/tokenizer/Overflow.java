// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

/** Whether the tokens that truncation cuts off come back as further windows. */
public enum Overflow {
  /** They do not; {@link Encoding#truncatedTokens()} still counts them. */
  NONE,
  /**
   * As the reference (tokenizers 0.23) yields them. It stops reading a text at the word with which
   * its tokens reach the greatest length, so that a long text's end is in no window.
   */
  AS_REFERENCE,
  /** Windows over the whole text, as question answering needs. */
  COMPLETE
}
