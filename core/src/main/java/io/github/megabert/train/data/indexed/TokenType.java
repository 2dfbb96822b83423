// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data.indexed;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;

/**
 * How a token id is stored: {@code DType} of Megatron-LM's {@code indexed_dataset.py}, whose names
 * and codes these are. Numbers are little-endian.
 */
public enum TokenType {
  /** A byte without a sign. */
  UINT8(1, 1, 0xFF),
  /** A byte. */
  INT8(2, 1, Byte.MAX_VALUE),
  /** Two bytes. */
  INT16(3, 2, Short.MAX_VALUE),
  /** Four bytes. */
  INT32(4, 4, Integer.MAX_VALUE),
  /** Eight bytes. */
  INT64(5, 8, Integer.MAX_VALUE),
  /** Eight bytes that hold a whole number. */
  FLOAT64(6, 8, Integer.MAX_VALUE),
  /** Four bytes that hold a whole number. */
  FLOAT32(7, 4, 1 << 24),
  /** Two bytes without a sign. */
  UINT16(8, 2, 0xFFFF);

  /** Vocabularies from here on Megatron-LM stores in four bytes. */
  private static final int UINT16_VOCABULARY = 65_500;

  private final int code;
  private final int bytes;
  private final int most;

  TokenType(int code, int bytes, int most) {
    this.code = code;
    this.bytes = bytes;
    this.most = most;
  }

  /** The number that an index has for it. */
  public int code() {
    return code;
  }

  /** Bytes of an id. */
  public int bytes() {
    return bytes;
  }

  /** The greatest id up to which every one can be stored. */
  public int most() {
    return most;
  }

  /** NumPy's name, such as {@code uint16}. */
  public String numpyName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The smallest type for a vocabulary; two bytes for less than 65500 tokens, as Megatron-LM. */
  public static TokenType smallestFor(int vocabularySize) {
    if (vocabularySize <= UINT8.most + 1) {
      return UINT8;
    }
    return vocabularySize < UINT16_VOCABULARY ? UINT16 : INT32;
  }

  /**
   * The type of NumPy's name.
   *
   * @throws IllegalArgumentException if there is none; the message lists those there are
   */
  public static TokenType ofNumpyName(String name) {
    for (TokenType type : values()) {
      if (type.numpyName().equals(name)) {
        return type;
      }
    }
    throw new IllegalArgumentException(
        "unknown type \""
            + name
            + "\"; known are "
            + String.join(", ", Arrays.stream(values()).map(TokenType::numpyName).toList()));
  }

  /**
   * Decodes stored numbers; −1 for one that is no id: negative, broken, or above 2³¹ − 1.
   *
   * @param stored as many as {@code target} takes from {@code at} on
   */
  void read(ByteBuffer stored, int[] target, int at, int count) {
    for (int i = at; i < at + count; i++) {
      target[i] =
          switch (this) {
            case UINT8 -> Byte.toUnsignedInt(stored.get());
            case INT8 -> Math.max(-1, stored.get());
            case INT16 -> Math.max(-1, stored.getShort());
            case UINT16 -> Short.toUnsignedInt(stored.getShort());
            case INT32 -> Math.max(-1, stored.getInt());
            case INT64 -> id(stored.getLong());
            case FLOAT32 -> id(stored.getFloat());
            case FLOAT64 -> id(stored.getDouble());
          };
    }
  }

  private static int id(long value) {
    return value < 0 || value > Integer.MAX_VALUE ? -1 : (int) value;
  }

  private static int id(double value) {
    int whole = (int) value;
    return whole >= 0 && whole == value ? whole : -1;
  }

  /** Appends an id, which is at most {@link #most}. */
  void write(ByteBuffer out, int id) {
    switch (this) {
      case UINT8, INT8 -> out.put((byte) id);
      case INT16, UINT16 -> out.putShort((short) id);
      case INT32 -> out.putInt(id);
      case INT64 -> out.putLong(id);
      case FLOAT32 -> out.putFloat(id);
      case FLOAT64 -> out.putDouble(id);
    }
  }
}
