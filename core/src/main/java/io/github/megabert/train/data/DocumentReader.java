// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a corpus document by document, keeping none. Not for several threads at once. */
public interface DocumentReader extends Closeable {
  /**
   * The next document's lines, none of them blank, or null after the last document. A document may
   * have no line.
   *
   * @throws TrainingDataException if there is no document where one is expected
   * @throws IOException if the file cannot be read
   */
  @Nullable List<String> read() throws IOException;

  /** Bytes of the file up to the end of what was read. */
  long bytes();
}
