/** Plain kernels that serve until the vector ones are compiled. */
@NullMarked
package io.github.megabert.backend.vector.warmup;

import org.jspecify.annotations.NullMarked;
