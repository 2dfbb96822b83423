/** The safetensors format's header. */
@NullMarked
package io.github.megabert.checkpoint.safetensors;

import org.jspecify.annotations.NullMarked;
