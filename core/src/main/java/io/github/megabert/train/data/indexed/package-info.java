// SPDX-License-Identifier: Apache-2.0
/**
 * Megatron-LM's indexed data sets: a corpus as token ids in {@code PREFIX.bin}, with the index of
 * its sequences and documents in {@code PREFIX.idx}.
 */
@NullMarked
package io.github.megabert.train.data.indexed;

import org.jspecify.annotations.NullMarked;
