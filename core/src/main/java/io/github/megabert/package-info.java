/** The way in: {@link io.github.megabert.MegaBert} opens a model with everything it needs. */
@NullMarked
package io.github.megabert;

import org.jspecify.annotations.NullMarked;
