// SPDX-License-Identifier: Apache-2.0
/** What engines compute in host memory. */
@NullMarked
package io.github.megabert.parallel.host;

import org.jspecify.annotations.NullMarked;
