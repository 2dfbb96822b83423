// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

/** Which text loses tokens when an encoding is longer than allowed. */
public enum Truncation {
  /** Neither: the encoding is as long as the texts make it. */
  NONE,
  /** The longer of the two, until both are of a length; then both. */
  LONGEST_FIRST,
  /** Only the first text. */
  ONLY_FIRST,
  /** Only the second text, as in question answering where the question must stay whole. */
  ONLY_SECOND
}
