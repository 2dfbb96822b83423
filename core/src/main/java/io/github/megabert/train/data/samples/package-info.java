// SPDX-License-Identifier: Apache-2.0
/**
 * Pre-training samples as Megatron-LM draws them from a corpus: same seed, same samples, to the
 * bit. What is followed is Megatron-LM at commit d98e8a64, {@code megatron/core/datasets}.
 */
@NullMarked
package io.github.megabert.train.data.samples;

import org.jspecify.annotations.NullMarked;
