// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/** Inputs that a reader answered wrongly, as files that a test reads again. */
final class Findings {
  private static final Path ROOT = Path.of("src/test/resources/fuzz");

  private Findings() {}

  /** Keeps an input. */
  static Path write(FuzzTarget target, byte[] input) throws IOException {
    CRC32 checksum = new CRC32();
    checksum.update(input);
    Path file = ROOT.resolve(target.name()).resolve(Long.toHexString(checksum.getValue()));
    Files.createDirectories(file.getParent());
    return Files.write(file, input);
  }

  /** The inputs that were kept for a target. */
  static List<Path> of(FuzzTarget target) throws IOException {
    Path folder = ROOT.resolve(target.name());
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  /** Names of the folders that there are. */
  static List<String> targets() throws IOException {
    List<String> names = new ArrayList<>();
    try (Stream<Path> folders = Files.list(ROOT)) {
      folders
          .filter(Files::isDirectory)
          .sorted()
          .forEach(folder -> names.add(folder.getFileName().toString()));
    }
    return names;
  }
}
