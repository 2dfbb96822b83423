// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tornado.cuda;

/** NVIDIA's driver, or a library of theirs, has not done what it was asked for. */
public final class CudaException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  CudaException(String message) {
    super(message);
  }
}
