// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

import org.jspecify.annotations.Nullable;

/** Where a {@link Tape} adds the gradients of parameters; null stands for one that is frozen. */
public interface GradientTargets {
  /** The gradient of a table or a vector, of its shape. */
  @Nullable Matrix of(Backend.Parameter parameter);

  /**
   * The row of a table of embeddings that lookups do not train, or -1: the padding token's, as
   * {@code padding_idx} of {@code torch.nn.Embedding}.
   */
  int paddingRow(Backend.Parameter table);

  /** The gradient of a linear layer's weight, {@code [outputs, inputs]}. */
  @Nullable Matrix ofWeight(Backend.Linear linear);

  /** The gradient of a linear layer's bias, as many numbers as outputs. */
  @Nullable Matrix ofBias(Backend.Linear linear);
}
