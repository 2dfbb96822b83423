// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import java.util.Locale;

/** The general registers of x86-64, in the order of their numbers. */
enum Register {
  RAX,
  RCX,
  RDX,
  RBX,
  RSP,
  RBP,
  RSI,
  RDI,
  R8,
  R9,
  R10,
  R11,
  R12,
  R13,
  R14,
  R15;

  @SuppressWarnings("EnumOrdinal") // The order is the processor's.
  int number() {
    return ordinal();
  }

  /** The name of all 64 bits. */
  String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The name of the lower 32 bits. */
  String text32() {
    return number() < 8 ? "e" + text().substring(1) : text() + "d";
  }
}
