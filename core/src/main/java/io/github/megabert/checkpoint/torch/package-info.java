// SPDX-License-Identifier: Apache-2.0
/** PyTorch's files: zip archives, pickles, storages. */
@NullMarked
package io.github.megabert.checkpoint.torch;

import org.jspecify.annotations.NullMarked;
