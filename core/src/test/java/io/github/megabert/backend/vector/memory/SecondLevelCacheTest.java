// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.testing.RandomInput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A size as Linux writes it is read; whatever else is there, a usable size comes out. */
class SecondLevelCacheTest {
  @TempDir private Path folder;

  private void write(int index, String level, String type, String size) throws IOException {
    write(index, "level", level.getBytes(StandardCharsets.UTF_8));
    write(index, "type", type.getBytes(StandardCharsets.UTF_8));
    write(index, "size", size.getBytes(StandardCharsets.UTF_8));
  }

  private void write(int index, String file, byte[] contents) throws IOException {
    Path cache = Files.createDirectories(folder.resolve("index" + index));
    Files.write(cache.resolve(file), contents);
  }

  @Test
  void thatOfLinuxIsRead() throws IOException {
    write(0, "1\n", "Data\n", "48K\n");
    write(1, "2\n", "Instruction\n", "4M\n");
    write(2, "2\n", "Unified\n", "2048K\n");
    write(3, "3\n", "Unified\n", "36608K\n");
    assertEquals(2 << 20, SecondLevelCache.read(folder));
  }

  @Test
  void withoutFilesTheUsualOneIsAssumed() {
    assertEquals(1 << 20, SecondLevelCache.read(folder.resolve("absent")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "0K", "K", "-512K", "512", "63K", "65M", "9999999M", "99999999999K", "1M 2M"})
  void whatIsNoSizeIsPassedOver(String size) throws IOException {
    write(0, "2", "Unified", size);
    assertEquals(1 << 20, SecondLevelCache.read(folder));
    assertEquals(OptionalInt.empty(), SecondLevelCache.size(size));
  }

  @Test
  void anyFilesGiveAUsableSize() {
    RandomInput.check(
        50,
        input -> {
          for (int index = 0; index < 3; index++) {
            String type = input.of("Data", "Unified", "Instruction", input.text(5));
            write(index, input.of("1", "2"), type, input.textOf("0123456789KM", 9));
            if (input.flag()) {
              write(index, input.of("level", "type", "size"), input.bytes(99));
            }
          }
          int bytes = SecondLevelCache.read(folder);
          assertEquals(bytes, Math.clamp(bytes, 64 << 10, 64 << 20));
        });
  }
}
