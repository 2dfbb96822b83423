// SPDX-License-Identifier: Apache-2.0
/** Commands that train, and those that make what training reads. */
@NullMarked
package io.github.megabert.cli.train;

import org.jspecify.annotations.NullMarked;
