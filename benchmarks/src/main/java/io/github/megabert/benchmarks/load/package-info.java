// SPDX-License-Identifier: Apache-2.0
/** Clients of a server that runs, and what it does when they are too many. */
package io.github.megabert.benchmarks.load;
