/**
 * The parameters of every MegatronBERT class: one table that loading, writing, initialisation,
 * training and both kinds of parallelism read.
 */
@NullMarked
package io.github.megabert.parameters;

import org.jspecify.annotations.NullMarked;
