// SPDX-License-Identifier: Apache-2.0
/** Megatron-LM's checkpoints: ranks, names, splits. */
@NullMarked
package io.github.megabert.checkpoint.megatron;

import org.jspecify.annotations.NullMarked;
