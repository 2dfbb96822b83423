// SPDX-License-Identifier: Apache-2.0
/**
 * Models from a hub that speaks Hugging Face's HTTP interface, in the cache folder that Python's
 * {@code huggingface_hub} uses too. {@link io.github.megabert.hub.Hub} fetches what it is told to,
 * and nothing else in the project opens a connection.
 */
@NullMarked
package io.github.megabert.hub;

import org.jspecify.annotations.NullMarked;
