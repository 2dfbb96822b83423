// SPDX-License-Identifier: Apache-2.0
/** What is read and printed: streams, progress, failures in a sentence. */
@NullMarked
package io.github.megabert.cli.terminal;

import org.jspecify.annotations.NullMarked;
