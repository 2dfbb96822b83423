// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint.megatron;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;

/** Tar archives, as Python's {@code tarfile} writes them. */
public final class TarArchive {
  private static final int BLOCK = 512;

  private TarArchive() {}

  /** An archive of files by their names. */
  public static byte[] of(Map<String, byte[]> members) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    members.forEach(
        (name, content) -> {
          byte[] header = new byte[BLOCK];
          put(header, 0, name);
          put(header, 100, "0000644\0000000000\0000000000\0");
          put(header, 124, String.format(Locale.ROOT, "%011o", content.length));
          header[156] = '0';
          put(header, 257, "ustar\00000");
          out.writeBytes(header);
          out.writeBytes(content);
          out.writeBytes(new byte[Math.floorMod(-content.length, BLOCK)]);
        });
    out.writeBytes(new byte[2 * BLOCK]);
    return out.toByteArray();
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }
}
