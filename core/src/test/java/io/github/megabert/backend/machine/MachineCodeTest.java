// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.backend.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.testing.ReportingProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where machine code is forbidden or not wanted, the reason is said and the backend opens. */
class MachineCodeTest {
  private static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

  @TempDir private Path folder;

  @Test
  void itCanBeTurnedOff() throws Exception {
    assertEquals(
        List.of("reason: the system property megabert.machine-code is off", "opened"),
        report(NATIVE_ACCESS, "-Dmegabert.machine-code=off"));
  }

  @Test
  void theSwitchIsOnOrOff() throws Exception {
    String refusal = "the system property megabert.machine-code is \"maybe\"; say on or off";
    assertEquals(
        List.of("reason: " + refusal, "refused: " + refusal),
        report(NATIVE_ACCESS, "-Dmegabert.machine-code=maybe"));
  }

  @Test
  void withoutNativeAccessTheFlagIsNamed() throws Exception {
    assertEquals(
        List.of(
            "reason: "
                + (CodePages.isServed()
                    ? "start java with " + NATIVE_ACCESS
                    : "it is made for x86-64 alone, on Linux, macOS and Windows"),
            "opened"),
        report("-Dmegabert.machine-code=on"));
  }

  private List<String> report(String... options) throws IOException, InterruptedException {
    return ReportingProcess.lines(folder, MachineCodeReport.class, options);
  }
}
