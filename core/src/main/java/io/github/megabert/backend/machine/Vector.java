// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

/**
 * A vector register.
 *
 * @param number 0 … 31; those from 16 on need AVX-512
 * @param bits 128, 256 or 512
 */
record Vector(int number, int bits) {
  Vector {
    if (number < 0 || number > 31 || (bits != 128 && bits != 256 && bits != 512)) {
      throw new IllegalArgumentException("no vector register " + number + " of " + bits + " bits");
    }
  }

  int bytes() {
    return bits / Byte.SIZE;
  }

  String text() {
    return (bits == 512 ? "zmm" : bits == 256 ? "ymm" : "xmm") + number;
  }
}
