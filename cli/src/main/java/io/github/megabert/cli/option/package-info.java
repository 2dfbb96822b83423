// SPDX-License-Identifier: Apache-2.0
/** Options that commands share, and the ranks that some of them start. */
@NullMarked
package io.github.megabert.cli.option;

import org.jspecify.annotations.NullMarked;
