// SPDX-License-Identifier: Apache-2.0
/**
 * The parameters of every class of both families, MegatronBERT and BERT: one table that loading,
 * writing, initialisation, training and both kinds of parallelism read.
 */
@NullMarked
package io.github.megabert.parameters;

import org.jspecify.annotations.NullMarked;
