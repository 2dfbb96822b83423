// SPDX-License-Identifier: Apache-2.0
/**
 * Text generation with {@link io.github.megabert.model.MegatronBertForCausalLM}, token by token.
 */
@NullMarked
package io.github.megabert.model.generation;

import org.jspecify.annotations.NullMarked;
