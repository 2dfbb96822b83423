// SPDX-License-Identifier: Apache-2.0
/**
 * JSON trees out of files of any origin, read by Jackson's parser without the machinery of its
 * object mapper, whose loading costs a short-lived process a quarter of a second.
 */
@NullMarked
package io.github.megabert.json;

import org.jspecify.annotations.NullMarked;
