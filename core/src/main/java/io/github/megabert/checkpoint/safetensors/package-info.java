// SPDX-License-Identifier: Apache-2.0
/** The safetensors format's header. */
@NullMarked
package io.github.megabert.checkpoint.safetensors;

import org.jspecify.annotations.NullMarked;
