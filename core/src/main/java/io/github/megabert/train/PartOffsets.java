// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train;

import io.github.megabert.model.Batch;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.Regularization;

/** Where each part of a step's batch begins, for the masks of dropout. */
final class PartOffsets {
  private final MegatronBertConfig config;
  private final TrainingOptions options;
  private final int step;
  private long tokens;
  private long sequences;
  private long probabilities;

  /**
   * Before the first part.
   *
   * @param step from 0
   */
  PartOffsets(MegatronBertConfig config, TrainingOptions options, int step) {
    this.config = config;
    this.options = options;
    this.step = step;
  }

  /** The regularization of the next part. */
  Regularization next(Batch batch) {
    Regularization with =
        new Regularization(
            options.dropout().orElse(config.hiddenDropoutProb()),
            options.dropout().orElse(config.attentionProbsDropoutProb()),
            options.dropout().orElse(config.classifierDropoutProb()),
            (float) options.labelSmoothing(),
            options.seed(),
            step,
            tokens,
            sequences,
            probabilities);
    tokens += batch.tokens();
    sequences += batch.sequences();
    for (int b = 0; b < batch.sequences(); b++) {
      long length = (long) batch.offsets()[b + 1] - batch.offsets()[b];
      probabilities += config.numAttentionHeads() * length * length;
    }
    return with;
  }

  /** Tokens of all parts so far. */
  long tokens() {
    return tokens;
  }
}
