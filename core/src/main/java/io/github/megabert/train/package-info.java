// SPDX-License-Identifier: Apache-2.0
/** Training: a run over a data set, its options, what it tells, what it saves and resumes from. */
@NullMarked
package io.github.megabert.train;

import org.jspecify.annotations.NullMarked;
