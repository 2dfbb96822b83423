// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.warmup;

/** Which form of its kernels a backend runs. All give the same bits. */
public enum Forms {
  /** Of each kernel the plain form, until the JVM has compiled the vector form. */
  WARMING,
  /** Vector forms only, even where they are interpreted. */
  VECTOR,
  /** Plain loops only. */
  PLAIN
}
