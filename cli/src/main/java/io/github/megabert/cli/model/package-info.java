// SPDX-License-Identifier: Apache-2.0
/** Commands about models, backends and machines, and the one that serves models. */
@NullMarked
package io.github.megabert.cli.model;

import org.jspecify.annotations.NullMarked;
