// SPDX-License-Identifier: Apache-2.0
/** Files read by mapping and written whole. */
@NullMarked
package io.github.megabert.checkpoint.file;

import org.jspecify.annotations.NullMarked;
