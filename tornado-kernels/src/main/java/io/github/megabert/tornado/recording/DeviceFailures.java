// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.recording;

import io.github.megabert.backend.DeviceFailedException;
import io.github.megabert.tornado.cuda.CudaException;
import org.jspecify.annotations.Nullable;

/**
 * What running on a device throws, in a sentence that names it.
 *
 * @param device in words
 */
record DeviceFailures(String device) {
  /**
   * What to throw instead: the same, unless TornadoVM or a driver has thrown it.
   *
   * @throws Error the same, likewise
   */
  RuntimeException explained(Throwable thrown) {
    if (thrown instanceof CudaException
        || thrown.getClass().getName().startsWith("uk.ac.manchester.tornado.")) {
      return new DeviceFailedException(device, reason(thrown), thrown);
    }
    if (thrown instanceof Error error) {
      throw error;
    }
    return thrown instanceof RuntimeException failure
        ? failure
        : new IllegalStateException("an unexpected failure", thrown);
  }

  private static String reason(Throwable thrown) {
    String message = plain(thrown.getMessage());
    return message.isEmpty() ? thrown.getClass().getSimpleName() : message;
  }

  /** The first line of a message, without colours, the level of a log, and a full stop. */
  private static String plain(@Nullable String message) {
    String line = message == null ? "" : message.strip().lines().findFirst().orElse("");
    return line.replaceAll("\\x1B\\[[0-9;]*m", "")
        .replaceFirst("^\\[[A-Z]+\\] *", "")
        .strip()
        .replaceFirst("\\.$", "");
  }
}
