// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.memory;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * The second-level cache of a core, which the blocks of a product are cut for. Linux tells its
 * size; elsewhere, and where what it tells is no size, that of most servers' processors is assumed.
 * The system property {@value #PROPERTY} overrides both. No result in float32 depends on it.
 */
public final class SecondLevelCache {
  /** The system property that says its size, such as {@code 512K} or {@code 2M}. */
  public static final String PROPERTY = "megabert.l2-cache";

  /** What is assumed. */
  static final int DEFAULT = 1 << 20;

  static final int LEAST = 64 << 10;
  static final int MOST = 64 << 20;

  /** Where Linux tells of the first processor's; of several kinds of cores, it is taken for all. */
  private static final Path LINUX = Path.of("/sys/devices/system/cpu/cpu0/cache");

  /** Caches that Linux may tell of, at most. */
  private static final int CACHES = 16;

  /** Bytes of one of its files that are read. */
  private static final int LONGEST = 32;

  private static final int MOST_DIGITS = 7;

  /** Found out when it is first asked for. */
  private static final class Holder {
    static final int PROCESS = load();
  }

  private SecondLevelCache() {}

  /** Its bytes. */
  public static int bytes() {
    return Holder.PROCESS;
  }

  private static int load() {
    String wanted = System.getProperty(PROPERTY);
    // Anything else is refused by check().
    return wanted == null ? read(LINUX) : size(wanted).orElse(DEFAULT);
  }

  /**
   * Reads the system property.
   *
   * @throws IllegalArgumentException if it is given and is no size
   */
  public static void check() {
    String wanted = System.getProperty(PROPERTY);
    if (wanted != null && size(wanted).isEmpty()) {
      throw new IllegalArgumentException(
          "the system property "
              + PROPERTY
              + " is \""
              + wanted
              + "\"; say the size of a core's second-level cache, 64K to 64M, such as 1M");
    }
  }

  /**
   * A folder as Linux writes it: {@code index0/level}, {@code type} and {@code size}, and so on.
   */
  static int read(Path folder) {
    for (int i = 0; i < CACHES; i++) {
      Path cache = folder.resolve("index" + i);
      if (line(cache.resolve("level")).equals("2")
          && !line(cache.resolve("type")).equals("Instruction")) {
        return size(line(cache.resolve("size"))).orElse(DEFAULT);
      }
    }
    return DEFAULT;
  }

  private static String line(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(LONGEST), StandardCharsets.US_ASCII).strip();
    } catch (IOException absent) {
      return "";
    }
  }

  /** Bytes that a text such as {@code 512K} or {@code 2M} says, within what is possible. */
  static OptionalInt size(String text) {
    int unit = text.length() - 1;
    if (unit < 1 || unit > MOST_DIGITS) {
      return OptionalInt.empty();
    }
    long number = 0;
    for (int i = 0; i < unit; i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return OptionalInt.empty();
      }
      number = 10 * number + digit;
    }
    long bytes =
        switch (text.charAt(unit)) {
          case 'K' -> number << 10;
          case 'M' -> number << 20;
          default -> 0;
        };
    return bytes < LEAST || bytes > MOST ? OptionalInt.empty() : OptionalInt.of((int) bytes);
  }

  /** In words. */
  public static String text() {
    int bytes = bytes();
    String size = bytes % (1 << 20) == 0 ? (bytes >> 20) + " MB" : (bytes >> 10) + " KB";
    return "second-level cache of " + size;
  }
}
