// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Memory stays flat, however many requests come and models go. A longer run:
 *
 * <pre>
 * ./mvnw -pl benchmarks -am test -Dtest=SoakTest -Dsurefire.failIfNoSpecifiedTests=false \
 *   "-Dtest.jvm.flags=-Dmegabert.soak.requests=300000 -Dmegabert.soak.rounds=15"
 * </pre>
 */
class SoakTest {
  private static final int REQUESTS = Integer.getInteger("megabert.soak.requests", 9_600);
  private static final int ROUNDS = Integer.getInteger("megabert.soak.rounds", 6);

  @TempDir private Path folder;

  /** In a JVM of its own, which tracks its native memory and runs nothing else. */
  @Test
  void memoryIsFlat() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-Xmx128m",
                "-XX:NativeMemoryTracking=summary",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Soak.class.getName(),
                folder.toString(),
                Integer.toString(REQUESTS),
                Integer.toString(ROUNDS))
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    System.out.println(output);
    assertEquals(0, process.waitFor(), output);
  }
}
