// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * A file that is mapped into memory was changed in place while it was open: cut short, so that what
 * lay behind its new end cannot be read, or written to. What has been read of it may be partly old
 * and partly new. Close what was opened and open it again.
 *
 * <p>A file that is replaced by renaming another to its name does not change for who has it open.
 */
public final class FileChangedException extends UncheckedIOException {
  private static final long serialVersionUID = 1L;

  /** A change, in one sentence, and what it was noticed by. */
  public FileChangedException(String message, @Nullable Throwable cause) {
    super(message, new IOException(message, cause));
  }
}
