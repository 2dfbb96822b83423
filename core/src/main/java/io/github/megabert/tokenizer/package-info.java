// SPDX-License-Identifier: Apache-2.0
/**
 * BERT's tokenizer: text to token ids and back, equal to Hugging Face's {@code BertTokenizerFast}.
 *
 * <p>The way of a text: special tokens are cut out of the raw text ({@link
 * io.github.megabert.tokenizer.AddedToken}); what lies between is cleaned, lower-cased and freed of
 * accents; split at white space and punctuation; and each word is cut into the longest pieces the
 * vocabulary knows. Every normalised character remembers the original one it came from, so that
 * every token has its place in the original text.
 */
@NullMarked
package io.github.megabert.tokenizer;

import org.jspecify.annotations.NullMarked;
