/** MegaBERT's tasks for the rows of Spark's data frames. */
@org.jspecify.annotations.NullMarked
package io.github.megabert.spark;
