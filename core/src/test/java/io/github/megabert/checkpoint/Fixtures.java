// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The reference files of the tests; one that is missing fails the test. */
public final class Fixtures {
  private Fixtures() {}

  public static Path transformers(String name) {
    URL url = Fixtures.class.getResource("/fixtures/transformers/" + name);
    if (url == null) {
      throw new AssertionError("the fixture transformers/" + name + " is missing");
    }
    try {
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  public static List<Path> foldersWith(String file) {
    try (Stream<Path> folders = Files.list(transformers("."))) {
      List<Path> found =
          folders.filter(folder -> Files.exists(folder.resolve(file))).sorted().toList();
      if (found.isEmpty()) {
        throw new AssertionError("no fixture has a " + file);
      }
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
