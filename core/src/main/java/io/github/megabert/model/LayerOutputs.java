// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.model;

import io.github.megabert.tensor.Tensor;
import java.util.List;

/**
 * What the layers gave, as far as it was asked for; otherwise the lists are empty.
 *
 * @param hiddenStates {@code layers + 1} tensors {@code [tokens, hidden]}: the embeddings, the
 *     un-normalised output of each layer but the last, and the output of the closing LayerNorm
 * @param attentions self-attention of each layer
 * @param crossAttentions cross-attention of each layer; empty without encoder states
 */
public record LayerOutputs(
    List<Tensor> hiddenStates,
    List<AttentionProbabilities> attentions,
    List<AttentionProbabilities> crossAttentions) {}
