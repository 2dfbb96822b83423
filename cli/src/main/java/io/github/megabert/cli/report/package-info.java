// SPDX-License-Identifier: Apache-2.0
/** {@code report.html}: what a training run came to, on one page that opens offline. */
@NullMarked
package io.github.megabert.cli.report;

import org.jspecify.annotations.NullMarked;
