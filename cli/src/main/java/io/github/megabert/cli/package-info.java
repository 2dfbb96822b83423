/** The {@code megabert} command: one class a subcommand. */
@NullMarked
package io.github.megabert.cli;

import org.jspecify.annotations.NullMarked;
