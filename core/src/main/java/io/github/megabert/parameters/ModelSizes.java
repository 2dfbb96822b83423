// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parameters;

/**
 * What decides the names and shapes of a model's parameters.
 *
 * @param order where layers have LayerNorm
 * @param layers number of layers
 * @param hidden width of the hidden states
 * @param intermediate width of the MLP
 * @param vocabulary number of token ids
 * @param positions the longest sequence
 * @param types number of token types
 * @param labels classes of a classification head
 * @param crossAttention whether layers have cross-attention
 * @param tied whether the decoder of the language model is the word embedding table
 */
public record ModelSizes(
    LayerOrder order,
    int layers,
    int hidden,
    int intermediate,
    int vocabulary,
    int positions,
    int types,
    int labels,
    boolean crossAttention,
    boolean tied) {}
