// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The command in a JVM without the launcher's flags, as {@code java -jar} starts it. */
class RelaunchTest {
  private static final Path DEMO =
      Path.of("../demo-model/src/main/resources/io/github/megabert/demo");

  @TempDir private Path folder;

  @Test
  void withoutFlagsTheCommandStartsItselfAgainOnce() throws Exception {
    Run run =
        start(Map.of(), "fill-mask", "--debug", "--top-k", "1", "a dog is a domesticated [MASK].");
    assertTrue(run.succeed().contains("a dog is a domesticated dog."), run.out());
    List<String> again = run.err().lines().filter(line -> line.contains("started again")).toList();
    assertEquals(1, again.size(), run.err());
    assertTrue(again.get(0).contains("--add-modules=jdk.incubator.vector"), run.err());
    assertFalse(run.err().contains("scalar"), run.err());
  }

  @Test
  void withTheFlagNothingIsStarted() throws Exception {
    Run run =
        Run.start(
            folder,
            Map.of(),
            Run.java(List.of("--add-modules", "jdk.incubator.vector"), "--debug", "backends"));
    assertTrue(run.succeed().contains("vector"), run.out());
    assertFalse(run.err().contains("started again"), run.err());
  }

  @Test
  void theExitCodeAndTheMessageAreTheOtherOnes() throws Exception {
    Run run = start(Map.of(), "nonsense");
    assertEquals(2, run.exitCode());
    assertTrue(run.err().contains("Unmatched argument at index 0: 'nonsense'"), run.err());
    Run missing = start(Map.of(), "inspect", "no such folder");
    assertEquals(1, missing.exitCode());
    assertTrue(missing.err().contains("no such folder"), missing.err());
  }

  @Test
  void flagsOfTheFirstAreThoseOfTheSecond() {
    List<String> command =
        Relaunch.command(List.of("-Xmx300m", "-XX:+UseG1GC"), List.of("ner", "a b"), false);
    assertTrue(command.containsAll(List.of("-Xmx300m", "-XX:+UseG1GC")), command.toString());
    assertFalse(command.contains("-XX:+UseSerialGC"), command.toString());
    assertFalse(command.contains("-Xms64m"), command.toString());
    assertEquals(
        List.of(Main.class.getName(), "ner", "a b"),
        command.subList(command.size() - 3, command.size()));
    List<String> plain = Relaunch.command(List.of(), List.of("ner"), false);
    assertTrue(plain.containsAll(List.of("-XX:+UseSerialGC", "-Xms64m")), plain.toString());
  }

  @Test
  void whoIsToldToEndEndsTheOtherToo() throws Exception {
    List<String> command = new ArrayList<>(Run.java(List.of(), "fill-mask"));
    Process process =
        new ProcessBuilder(command)
            .redirectError(folder.resolve("err").toFile())
            .redirectOutput(folder.resolve("out").toFile())
            .start();
    Run.await("the second process", () -> process.children().findAny().isPresent());
    ProcessHandle child = process.children().findAny().orElseThrow();
    process.destroy();
    process.waitFor();
    child.onExit().get();
    assertFalse(child.isAlive());
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "names there are not bytes")
  void argumentsAndNamesBeyondAsciiNeedNoLocale() throws Exception {
    Path model = Files.createDirectories(folder.resolve("mod\u00E8le"));
    try (Stream<Path> files = Files.list(DEMO)) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(file.getFileName().toString()));
      }
    }
    String[] arguments = {
      "tokenize", "--json", "--model", model.toString(), "caf\u00E9 & d\u00F6g = 100 % +"
    };
    String expected = Terminal.run(arguments).out();
    assertTrue(expected.contains("\"ca\",\"##fe\",\"&\",\"dog\""), expected);
    assertEquals(expected, start(Map.of("LC_ALL", "C"), arguments).succeed());
    assertEquals(expected, start(Map.of(), arguments).succeed());
    Run flagged =
        Run.start(
            folder,
            Map.of("LC_ALL", "POSIX"),
            Run.java(List.of("--add-modules=jdk.incubator.vector"), arguments));
    assertEquals(expected, flagged.succeed());
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "the bytes of arguments cannot be had elsewhere")
  void argumentsThatAreNotUtf8AreRefused() throws Exception {
    for (String locale : List.of("C", "C.UTF-8")) {
      List<String> command =
          new ArrayList<>(List.of("sh", "-c", "exec \"$@\" \"$(printf 'caf\\351')\"", "sh"));
      command.addAll(Run.java(List.of(), "tokenize", "good"));
      Run run = Run.start(folder, Map.of("LC_ALL", locale), command);
      assertEquals(2, run.exitCode());
      assertTrue(
          run.err().contains("megabert: argument 3 is not valid UTF-8: byte 4 is 0xE9"), run.err());
      assertEquals("", run.out());
    }
  }

  private Run start(Map<String, String> environment, String... arguments) throws Exception {
    assertTrue(Run.classPath().contains(File.pathSeparator), "the class path of the tests");
    return Run.start(folder, environment, Run.java(List.of(), arguments));
  }
}
