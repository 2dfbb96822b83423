// SPDX-License-Identifier: Apache-2.0
/** What a run writes while it trains: {@code metrics.jsonl} and TensorBoard's event files. */
@NullMarked
package io.github.megabert.train.log;

import org.jspecify.annotations.NullMarked;
