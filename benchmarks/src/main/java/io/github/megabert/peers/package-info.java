// SPDX-License-Identifier: Apache-2.0
/** Other runtimes beside this one, in one run. */
@org.jspecify.annotations.NullMarked
package io.github.megabert.peers;
