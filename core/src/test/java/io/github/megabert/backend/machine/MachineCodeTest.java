package io.github.megabert.backend.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
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
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    boolean isServed = system.equals("linux") && System.getProperty("os.arch").equals("amd64");
    assertEquals(
        List.of(
            "reason: "
                + (isServed
                    ? "start java with " + NATIVE_ACCESS
                    : "it is made for x86-64 on Linux alone"),
            "opened"),
        report());
  }

  private List<String> report(String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx128m", "--add-modules", "jdk.incubator.vector"));
    command.addAll(List.of(options));
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(MachineCodeReport.class.getName());
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .redirectOutput(output.toFile())
            .start();
    boolean hasEnded = process.waitFor(60, TimeUnit.SECONDS);
    process.destroyForcibly();
    List<String> lines = Files.readAllLines(output, StandardCharsets.UTF_8);
    assertTrue(hasEnded, lines::toString);
    return lines;
  }
}
