// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A file of rows with named columns. */
interface Table extends Closeable {
  Path file();

  /** The columns' names: those of the header line, or the names in the first row. */
  List<String> columns();

  /** The next row, or null after the last. */
  @Nullable Row next() throws IOException;
}
