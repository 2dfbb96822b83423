// SPDX-License-Identifier: Apache-2.0
/** Folders as Hugging Face transformers saves them. */
@NullMarked
package io.github.megabert.checkpoint.huggingface;

import org.jspecify.annotations.NullMarked;
