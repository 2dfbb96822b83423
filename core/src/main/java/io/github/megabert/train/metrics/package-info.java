// SPDX-License-Identifier: Apache-2.0
/**
 * Metrics: counts that predictions are added to, and the figures that follow from them. Where there
 * is nothing to count a share is 0, as scikit-learn and seqeval have it.
 */
@NullMarked
package io.github.megabert.train.metrics;

import org.jspecify.annotations.NullMarked;
