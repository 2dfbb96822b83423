// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

/** A row-major float32 matrix that lives where the backend computes. */
public interface Matrix {
  /** Number of rows, most often tokens. */
  int rows();

  /** Number of columns, most often features. */
  int columns();
}
