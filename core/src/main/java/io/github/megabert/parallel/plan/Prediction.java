// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.parallel.plan;

/**
 * What a step comes to.
 *
 * @param stepSeconds of a step
 * @param operationsPerSecond of a GPU: what is computed, recomputation included
 * @param modelShare operations that the model needs, without recomputation, as part of the peak
 * @param memory bytes of the GPU that has the most
 */
public record Prediction(
    TrainingLayout layout,
    double stepSeconds,
    double operationsPerSecond,
    double modelShare,
    double memory) {}
