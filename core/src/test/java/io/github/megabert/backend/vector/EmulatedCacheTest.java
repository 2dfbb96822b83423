// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.testing.ReportingProcess;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** However large the cache is said to be, products are the same to the bit. */
class EmulatedCacheTest {
  @TempDir private Path folder;

  private List<String> report(String cache) throws Exception {
    return ReportingProcess.lines(
        folder,
        EmulatedCacheReport.class,
        "--enable-native-access=ALL-UNNAMED",
        "-Dmegabert.l2-cache=" + cache);
  }

  @ParameterizedTest
  @CsvSource({"64K, 64 KB", "512K, 512 KB", "2M, 2 MB"})
  void productsDoNotDependOnIt(String cache, String text) throws Exception {
    List<String> expected =
        List.of(
            "second-level cache of " + text,
            "[133, 1040, 99]: equal",
            "[50, 2050, 64]: equal",
            "[300, 700, 40]: equal",
            "[17, 4096, 33]: equal");
    assertEquals(expected, report(cache));
  }

  @Test
  void whatIsNoSizeIsRefused() throws Exception {
    List<String> expected =
        List.of(
            "refused: the system property megabert.l2-cache is \"many\"; say the size of a core's"
                + " second-level cache, 64K to 64M, such as 1M");
    assertEquals(expected, report("many"));
  }
}
