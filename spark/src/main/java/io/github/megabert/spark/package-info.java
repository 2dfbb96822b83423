// SPDX-License-Identifier: Apache-2.0
/** MegaBERT's tasks for the rows of Spark's data frames. */
@org.jspecify.annotations.NullMarked
package io.github.megabert.spark;
