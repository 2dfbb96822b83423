// SPDX-License-Identifier: Apache-2.0
/**
 * MegatronBERT itself: the configuration, the stack of layers, and one class a head, as Hugging
 * Face transformers names them.
 */
@NullMarked
package io.github.megabert.model;

import org.jspecify.annotations.NullMarked;
