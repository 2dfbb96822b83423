// SPDX-License-Identifier: Apache-2.0
/**
 * What comes from strangers: files opened with care, limits that memory sets, texts in messages.
 */
@NullMarked
package io.github.megabert.input;

import org.jspecify.annotations.NullMarked;
