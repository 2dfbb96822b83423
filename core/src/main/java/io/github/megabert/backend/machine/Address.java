// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import org.jspecify.annotations.Nullable;

/**
 * An operand in memory, {@code base + index·scale + displacement}.
 *
 * @param scale 1, 2, 4 or 8
 */
record Address(Register base, @Nullable Register index, int scale, int displacement) {
  Address {
    if (index == Register.RSP || Integer.bitCount(scale) != 1 || scale < 1 || scale > 8) {
      throw new IllegalArgumentException("no address has the index " + index + " times " + scale);
    }
  }

  static Address of(Register base) {
    return new Address(base, null, 1, 0);
  }

  static Address of(Register base, int displacement) {
    return new Address(base, null, 1, displacement);
  }

  String text() {
    String text = "[" + base.text();
    if (index != null) {
      text += "+" + index.text() + "*" + scale;
    }
    return displacement == 0
        ? text + "]"
        : text + (displacement < 0 ? "" : "+") + displacement + "]";
  }
}
