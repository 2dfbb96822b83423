// SPDX-License-Identifier: Apache-2.0
/**
 * Vocabularies from text: {@link io.github.megabert.tokenizer.training.WordPieceTrainer} learns the
 * pieces that Hugging Face's {@code BertWordPieceTokenizer.train} would.
 */
@NullMarked
package io.github.megabert.tokenizer.training;

import org.jspecify.annotations.NullMarked;
