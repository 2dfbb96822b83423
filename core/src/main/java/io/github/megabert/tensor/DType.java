// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tensor;

/**
 * The element type of a tensor: every type that the safetensors format knows.
 *
 * <p>Arithmetic is offered for {@link #F32}, {@link #F16}, {@link #BF16}, {@link #F64} and the
 * integers; the others can be read, held and written as bytes.
 */
public enum DType {
  /** One byte, 0 or 1. */
  BOOL(8, false),
  U8(8, false),
  I8(8, false),
  U16(16, false),
  I16(16, false),
  U32(32, false),
  I32(32, false),
  U64(64, false),
  I64(64, false),
  /** IEEE 754 binary16. */
  F16(16, true),
  /** The upper half of an IEEE 754 binary32. */
  BF16(16, true),
  /** IEEE 754 binary32. */
  F32(32, true),
  /** IEEE 754 binary64. */
  F64(64, true),
  F8_E4M3(8, true),
  F8_E5M2(8, true),
  F8_E8M0(8, true),
  F8_E4M3FNUZ(8, true),
  F8_E5M2FNUZ(8, true),
  /** Four bits; two elements share a byte. */
  F4(4, true),
  /** Six bits; four elements share three bytes. */
  F6_E2M3(6, true),
  /** Six bits; four elements share three bytes. */
  F6_E3M2(6, true),
  /** Two binary32 numbers, real and imaginary. */
  C64(64, true);

  private final int bits;
  private final boolean floating;

  DType(int bits, boolean floating) {
    this.bits = bits;
    this.floating = floating;
  }

  /** Size of one element in bits. */
  public int bits() {
    return bits;
  }

  /** Whether elements are floating-point numbers. */
  public boolean isFloating() {
    return floating;
  }

  /**
   * Bytes that {@code elements} consecutive elements occupy.
   *
   * @throws IllegalArgumentException if they do not fill whole bytes
   * @throws ArithmeticException if the size overflows a {@code long}
   */
  public long byteSize(long elements) {
    long allBits = Math.multiplyExact(elements, (long) bits);
    if ((allBits & 7) != 0) {
      throw new IllegalArgumentException(
          elements + " elements of " + this + " do not fill whole bytes");
    }
    return allBits >>> 3;
  }
}
