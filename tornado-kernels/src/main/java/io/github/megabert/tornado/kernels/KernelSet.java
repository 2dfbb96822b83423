// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.kernels;

import io.github.megabert.tornado.recording.Kernel;

/**
 * The kernels of one element type. LayerNorm's parameters and the biases are float32 in both.
 *
 * @param embed integers, ids at, types at, positions at, words, types, positions, out, rows,
 *     columns
 * @param layerNorm x, gain, bias, out, columns, eps
 * @param product x, weight, bias, residual, out, rows, outputs, inputs, activation, has residual
 * @param biasActivation x, bias, activation, rows, columns
 * @param attention integers, tiles at, mask at, three times (matrix, stride, column), out, stride,
 *     head dim, scale
 * @param attentionWithProbabilities as for attention, with the probabilities at the end
 * @param gatherRows integers, rows at, x, out, rows, columns
 * @param scatterRows integers, rows at, x, columns of x, first column, out, rows, columns
 * @param crossEntropy integers, labels at, logits, out, columns
 * @param copy x, out, count
 * @param upload uploaded floats, out, count
 * @param clear out, count
 * @param activation x, activation, count
 */
public record KernelSet(
    Kernel embed,
    Kernel layerNorm,
    Kernel product,
    Kernel biasActivation,
    Kernel attention,
    Kernel attentionWithProbabilities,
    Kernel gatherRows,
    Kernel scatterRows,
    Kernel crossEntropy,
    Kernel copy,
    Kernel upload,
    Kernel clear,
    Kernel activation) {}
