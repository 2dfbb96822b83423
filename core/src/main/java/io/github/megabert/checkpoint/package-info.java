// SPDX-License-Identifier: Apache-2.0
/** Checkpoints: every file format that holds a MegatronBERT, read and written. */
@NullMarked
package io.github.megabert.checkpoint;

import org.jspecify.annotations.NullMarked;
