// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model.generation;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A prompt and its continuation.
 *
 * @param tokenIds the prompt, then the new tokens, the end token included
 * @param promptLength tokens of the prompt
 * @param score with beams: the sum of log-probabilities of the new tokens, divided by their number
 *     to the power of the length penalty; otherwise 0
 * @param reason why it ended
 */
public record GeneratedSequence(int[] tokenIds, int promptLength, double score, Reason reason) {
  /** Why a sequence ended. */
  public enum Reason {
    /** An end token. */
    END_TOKEN,
    /** The stop condition. */
    STOP_CONDITION,
    /** As many new tokens as asked for. */
    MAX_NEW_TOKENS,
    /** As many tokens as the model has positions. */
    MODEL_LIMIT
  }

  /** The new tokens alone. */
  public int[] newTokenIds() {
    return Arrays.copyOfRange(tokenIds, promptLength, tokenIds.length);
  }

  /** Whether the other is the same sequence of the same tokens. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof GeneratedSequence that
        && Arrays.equals(tokenIds, that.tokenIds)
        && promptLength == that.promptLength
        && Double.compare(score, that.score) == 0
        && reason == that.reason;
  }

  @Override
  public int hashCode() {
    return Objects.hash(Arrays.hashCode(tokenIds), promptLength, score, reason);
  }

  @Override
  public String toString() {
    return "GeneratedSequence[tokenIds="
        + Arrays.toString(tokenIds)
        + ", promptLength="
        + promptLength
        + ", score="
        + score
        + ", reason="
        + reason
        + "]";
  }
}
