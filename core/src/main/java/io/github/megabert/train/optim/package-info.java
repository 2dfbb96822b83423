// SPDX-License-Identifier: Apache-2.0
/** Optimisation: AdamW, and the learning rate's course over a run. */
@NullMarked
package io.github.megabert.train.optim;

import org.jspecify.annotations.NullMarked;
