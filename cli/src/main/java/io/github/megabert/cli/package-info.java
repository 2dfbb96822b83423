// SPDX-License-Identifier: Apache-2.0
/** The {@code megabert} command: how it starts, finds its subcommand and explains itself. */
@NullMarked
package io.github.megabert.cli;

import org.jspecify.annotations.NullMarked;
