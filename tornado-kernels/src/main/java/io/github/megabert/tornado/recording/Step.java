// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import java.util.List;

/**
 * The calls of one operation. Computations of one model and size record equal steps, so that a
 * computation takes over those of the program that ran before: the same object in the same place
 * needs no comparison.
 *
 * @param site what the calls were made from, and all that they depend on; compared by value
 */
record Step(Object site, List<Call> calls) {}
