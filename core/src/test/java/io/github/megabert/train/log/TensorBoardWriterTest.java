// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardWriterTest {
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_500L));

  @TempDir Path folder;

  private byte[] bytes() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> all = files.toList();
      assertEquals(1, all.size());
      assertTrue(
          String.valueOf(all.getFirst().getFileName())
              .startsWith("events.out.tfevents.1700000000.megabert."));
      return Files.readAllBytes(all.getFirst());
    }
  }

  /**
   * The first record of every event file: wall time 1700000000.5, file version. CRC-32C of its
   * length is that of RFC 3720's algorithm.
   */
  @Test
  void theFileBeginsWithItsVersion() throws IOException {
    TensorBoardWriter.open(folder, null, CLOCK).close();
    String data = "0900002040fc54d941" + "1a0d" + hex("brain.Event:2");
    byte[] bytes = bytes();
    assertEquals(12 + data.length() / 2 + 4, bytes.length);
    assertEquals("1800000000000000" + "a37f4b22" + data, HexFormat.of().formatHex(bytes, 0, 36));
  }

  private static String hex(String text) {
    return HexFormat.of().formatHex(text.getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void scalarsAreSummariesOfTheirStep() throws IOException {
    try (TensorBoardWriter writer = TensorBoardWriter.open(folder, null, CLOCK)) {
      Map<String, Double> values = new LinkedHashMap<>();
      values.put("train/loss", 2.5);
      values.put("lr", Double.NaN);
      writer.scalars(300, values);
      writer.scalar("x", -1, 1);
    }
    List<byte[]> records = records(bytes());
    assertEquals(3, records.size());
    String time = "0900002040fc54d941";
    assertArrayEquals(
        HexFormat.of()
            .parseHex(
                time
                    + "10ac02" // step 300
                    + "2a1e" // summary of 30 bytes
                    + ("0a11" + "0a0a" + hex("train/loss") + "1500002040")
                    + ("0a09" + "0a02" + hex("lr") + "150000c07f")),
        records.get(1));
    assertArrayEquals(
        HexFormat.of()
            .parseHex(time + "10ffffffffffffffffff01" + "2a0a" + "0a08" + "0a0178" + "150000803f"),
        records.get(2));
  }

  @Test
  void aResumedRunForgetsLaterSteps() throws IOException {
    TensorBoardWriter.open(folder, 7L, CLOCK).close();
    assertArrayEquals(
        HexFormat.of().parseHex("0900002040fc54d941" + "1007" + "3a02" + "0801"),
        records(bytes()).get(1));
  }

  @Test
  void twoWritersOfOneSecondHaveTheirOwnFiles() throws IOException {
    TensorBoardWriter.open(folder, null, CLOCK).close();
    TensorBoardWriter.open(folder, null, CLOCK).close();
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(2, files.count());
    }
  }

  /** RFC 3720, B.4: CRC-32C of 32 bytes of zeros is 8a9136aa; rotated by 15, plus the mask. */
  @Test
  void checksumsAreMasked() {
    assertEquals(
        ((0x8a9136aa >>> 15) | (0x8a9136aa << 17)) + 0xa282ead8,
        TensorBoardWriter.maskedChecksum(new byte[32], 32));
  }

  /** The messages of an event file, whose frames and checksums hold. */
  private static List<byte[]> records(byte[] file) {
    ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    List<byte[]> records = new ArrayList<>();
    while (in.hasRemaining()) {
      byte[] length = new byte[8];
      in.get(length);
      assertEquals(checksum(length), unmasked(in.getInt()));
      byte[] data =
          new byte[(int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong()];
      in.get(data);
      assertEquals(checksum(data), unmasked(in.getInt()));
      records.add(data);
    }
    return records;
  }

  private static int unmasked(int masked) {
    return Integer.rotateLeft(masked - 0xa282ead8, 15);
  }

  private static int checksum(byte[] bytes) {
    CRC32C checksum = new CRC32C();
    checksum.update(bytes);
    return (int) checksum.getValue();
  }
}
