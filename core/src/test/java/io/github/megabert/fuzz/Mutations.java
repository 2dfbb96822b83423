// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** Damage that a file may come with: of its bytes, or of what they mean in a format. */
final class Mutations {
  /** Numbers at which sizes and offsets break. */
  private static final long[] EDGES = {
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    -1,
    -2,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    1 << 20,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    0xffff_ffffL,
    1L << 32,
    1L << 40,
    1L << 62,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    Long.MAX_VALUE - 255
  };

  private static final String[] VALUES = {
    "0",
    "-1",
    "1",
    "2",
    "65",
    "1000000",
    "2147483647",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "9223372036854775808",
    "1e400",
    "-1e-400",
    "1.5",
    "1e0",
    "-0",
    "1234567890123456789012345678901234567890",
    "null",
    "true",
    "false",
    "{}",
    "[]",
    "[[]]",
    "[{}]",
    "[null]",
    "{\"a\":{}}",
    "[1,2,3]",
    "\"\"",
    "\"x\"",
    "\"64\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\u001b[2J\"",
    "\"..\"",
    "\"/\"",
    "\"F16\"",
    "\"BOOL\"",
    "\"F4\""
  };

  /** Opcodes of pickles, which a random byte seldom is. */
  private static final byte[] OPCODES =
      "().012:BCFGHIJKLMNQRSTUVX]abcdeghijlopqrstu}\u0080\u0085\u0086\u0087\u0088\u0089\u008a"
          .getBytes(StandardCharsets.ISO_8859_1);

  private static final Pattern STRING = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*+\"");
  private static final Pattern VALUE =
      Pattern.compile(
          STRING
              + "(?!\\s*:)|-?\\d+(?:\\.\\d+)?(?:[eE][-+]?\\d+)?|true|false|null"
              + "|\\[[^\\[\\]{}]*]|\\{[^\\[\\]{}]*}");

  private static final Map<byte[], Map<String, byte[]>> UNPACKED =
      Collections.synchronizedMap(new IdentityHashMap<>());

  private Mutations() {}

  /** One to a dozen changes of bytes. */
  static byte[] bytes(byte[] seed, byte[] other, SplittableRandom random) {
    byte[] bytes = seed.clone();
    int changes = random.nextInt(4) == 0 ? 1 + random.nextInt(12) : 1 + random.nextInt(3);
    for (int i = 0; i < changes && bytes.length > 0; i++) {
      bytes = change(bytes, other, random);
    }
    return bytes;
  }

  private static byte[] change(byte[] bytes, byte[] other, SplittableRandom random) {
    int at = place(bytes.length, random);
    switch (random.nextInt(10)) {
      case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> bytes[at] = (byte) random.nextInt(256);
      case 2 -> bytes[at] = OPCODES[random.nextInt(OPCODES.length)];
      case 3 -> {
        ByteBuffer edge = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        edge.putLong(0, EDGES[random.nextInt(EDGES.length)]);
        int width = Math.min(1 << random.nextInt(4), bytes.length - at);
        edge.get(0, bytes, at, width);
      }
      case 4 -> bytes[at] = (byte) (bytes[at] + random.nextInt(-3, 4));
      case 5 -> {
        int to = Math.min(bytes.length, at + 1 + random.nextInt(16));
        Arrays.fill(bytes, at, to, (byte) (random.nextBoolean() ? 0 : 255));
      }
      case 6 -> {
        return splice(bytes, at, 1 + random.nextInt(40), new byte[0]);
      }
      case 7 -> {
        return splice(bytes, at, random.nextBoolean() ? 40 : 0, part(bytes, random));
      }
      case 8 -> {
        return splice(bytes, at, random.nextBoolean() ? 40 : 0, part(other, random));
      }
      default -> {
        return random.nextInt(4) == 0 ? Arrays.copyOf(bytes, at) : bytes;
      }
    }
    return bytes;
  }

  /** Mostly near the ends, where files keep their structure. */
  private static int place(int length, SplittableRandom random) {
    int near = Math.min(length, 6000);
    return switch (random.nextInt(5)) {
      case 0 -> random.nextInt(length);
      case 1, 2 -> random.nextInt(near);
      default -> length - 1 - random.nextInt(near);
    };
  }

  private static byte[] part(byte[] of, SplittableRandom random) {
    if (of.length == 0) {
      return of;
    }
    int from = place(of.length, random);
    return Arrays.copyOfRange(of, from, Math.min(of.length, from + 1 + random.nextInt(300)));
  }

  private static byte[] splice(byte[] bytes, int at, int cut, byte[] insert) {
    int end = Math.min(bytes.length, at + cut);
    return ByteBuffer.allocate(bytes.length - (end - at) + insert.length)
        .put(bytes, 0, at)
        .put(insert)
        .put(bytes, end, bytes.length - end)
        .array();
  }

  /** Values and names of a JSON text changed for others; now and then its bytes. */
  static byte[] json(byte[] seed, byte[] other, SplittableRandom random) {
    if (random.nextInt(6) == 0) {
      return bytes(seed, other, random);
    }
    String text = new String(seed, StandardCharsets.UTF_8);
    for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
      Pattern what = random.nextInt(6) == 0 ? STRING : VALUE;
      List<int[]> places = new ArrayList<>();
      for (Matcher matcher = what.matcher(text); matcher.find(); ) {
        places.add(new int[] {matcher.start(), matcher.end()});
      }
      if (places.isEmpty()) {
        break;
      }
      int[] place = places.get(random.nextInt(places.size()));
      int[] from = places.get(random.nextInt(places.size()));
      String value =
          switch (random.nextInt(8)) {
            case 0, 1 -> text.substring(from[0], from[1]);
            case 2 -> "\"" + "A".repeat(random.nextInt(100_000)) + "\"";
            case 3 -> "[".repeat(70) + "]".repeat(random.nextInt(71));
            default -> VALUES[random.nextInt(VALUES.length)];
          };
      text = text.substring(0, place[0]) + value + text.substring(place[1]);
    }
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** The header of a safetensors file changed as JSON, its length put right, or the bytes. */
  static byte[] safetensors(byte[] seed, byte[] other, SplittableRandom random) {
    if (random.nextInt(2) == 0) {
      return bytes(seed, other, random);
    }
    int length = (int) ByteBuffer.wrap(seed).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    byte[] header = json(Arrays.copyOfRange(seed, 8, 8 + length), other, random);
    int claimed = header.length + (random.nextInt(20) == 0 ? random.nextInt(-2, 3) : 0);
    return ByteBuffer.allocate(8 + header.length + seed.length - 8 - length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(claimed)
        .put(header)
        .put(seed, 8 + length, seed.length - 8 - length)
        .array();
  }

  /** The pickle inside an archive changed and packed again with right checksums, or the bytes. */
  static byte[] archive(byte[] seed, byte[] other, SplittableRandom random) throws IOException {
    return random.nextInt(5) < 2 ? bytes(seed, other, random) : repacked(seed, other, random, true);
  }

  private static byte[] repacked(
      byte[] archive, byte[] other, SplittableRandom random, boolean mayContainAnother)
      throws IOException {
    Map<String, byte[]> members = members(archive);
    if (members.isEmpty()) {
      return bytes(archive, other, random);
    }
    int any = random.nextInt(5) == 0 ? random.nextInt(members.size()) : -1;
    boolean deflate = random.nextInt(3) == 0;
    ByteArrayOutputStream out = new ByteArrayOutputStream(archive.length + 1000);
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.setLevel(1);
      int index = 0;
      for (Map.Entry<String, byte[]> member : members.entrySet()) {
        byte[] content = member.getValue();
        if (index++ == any || (any < 0 && member.getKey().endsWith("data.pkl"))) {
          content = bytes(content, other, random);
        } else if (mayContainAnother && member.getKey().endsWith(".pt")) {
          content = repacked(content, other, random, false);
        } else if (random.nextInt(400) == 0) {
          continue;
        }
        ZipEntry entry = new ZipEntry(member.getKey());
        if (!deflate) {
          CRC32 checksum = new CRC32();
          checksum.update(content);
          entry.setMethod(ZipEntry.STORED);
          entry.setSize(content.length);
          entry.setCrc(checksum.getValue());
        }
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
      }
    }
    return out.toByteArray();
  }

  /**
   * An archive's members, unpacked once. Not as a stream: PyTorch writes stored members whose sizes
   * stand behind them.
   */
  private static Map<String, byte[]> members(byte[] archive) throws IOException {
    Map<String, byte[]> known = UNPACKED.get(archive);
    if (known != null) {
      return known;
    }
    Map<String, byte[]> members = new LinkedHashMap<>();
    if (archive.length < 2 || archive[0] != 'P' || archive[1] != 'K') {
      return members;
    }
    Path file = Files.createTempFile("megabert-fuzz", ".zip");
    try {
      Files.write(file, archive);
      try (ZipFile zip = new ZipFile(file.toFile())) {
        for (ZipEntry entry : Collections.list(zip.entries())) {
          members.put(entry.getName(), zip.getInputStream(entry).readAllBytes());
        }
      }
    } finally {
      Files.delete(file);
    }
    UNPACKED.put(archive, members);
    return members;
  }
}
