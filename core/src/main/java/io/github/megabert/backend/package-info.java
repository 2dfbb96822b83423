// SPDX-License-Identifier: Apache-2.0
/**
 * The operations that a MegatronBERT is made of, and who carries them out.
 *
 * <p>A {@link io.github.megabert.backend.Backend} holds parameters in the form its kernels read; a
 * {@link io.github.megabert.backend.Computation} is one pass over them. The model calls the same
 * operations whatever the backend; a backend knows neither layers nor heads of a model.
 */
@NullMarked
package io.github.megabert.backend;

import org.jspecify.annotations.NullMarked;
