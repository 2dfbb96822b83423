// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.log;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** A message in Protocol Buffers' wire format, field after field. */
final class ProtocolBuffer {
  private static final int VARINT = 0;
  private static final int FIXED_64 = 1;
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED_32 = 5;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  ProtocolBuffer int64(int field, long value) {
    varint((long) field << 3 | VARINT);
    varint(value);
    return this;
  }

  ProtocolBuffer float64(int field, double value) {
    varint((long) field << 3 | FIXED_64);
    fixed(Double.doubleToRawLongBits(value), Double.BYTES);
    return this;
  }

  ProtocolBuffer float32(int field, float value) {
    varint((long) field << 3 | FIXED_32);
    fixed(Float.floatToRawIntBits(value), Float.BYTES);
    return this;
  }

  ProtocolBuffer text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  ProtocolBuffer message(int field, ProtocolBuffer value) {
    return bytes(field, value.toBytes());
  }

  byte[] toBytes() {
    return out.toByteArray();
  }

  private ProtocolBuffer bytes(int field, byte[] value) {
    varint((long) field << 3 | LENGTH_DELIMITED);
    varint(value.length);
    out.writeBytes(value);
    return this;
  }

  /** Seven bits a byte, the lowest first; all but the last have the high bit set. */
  private void varint(long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.write((int) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  private void fixed(long bits, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (bits >>> (8 * i)));
    }
  }
}
