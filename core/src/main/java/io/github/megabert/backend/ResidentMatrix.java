// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend;

/** A {@link Matrix} that outlives a {@link Computation}. */
public interface ResidentMatrix extends Matrix, AutoCloseable {
  @Override
  void close();
}
