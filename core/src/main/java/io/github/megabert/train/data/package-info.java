// SPDX-License-Identifier: Apache-2.0
/**
 * Training data: files as streams of typed examples. {@link
 * io.github.megabert.train.data.TrainingData} opens them. Every refusal names the file and the
 * line.
 */
@NullMarked
package io.github.megabert.train.data;

import org.jspecify.annotations.NullMarked;
