// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher script itself, in a copy of the checkout whose path has blanks and an umlaut. A
 * build there takes no Maven: it copies a jar that is made once.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a shell script")
class LauncherTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  /** Says that it builds, leaves half a jar until it may go on, then copies the whole one. */
  private static final String BUILD =
      """
      #!/bin/sh
      set -eu
      here=$(dirname -- "$0")
      echo build >>"$here/builds"
      mkdir -p "$here/cli/target"
      echo half >"$here/cli/target/megabert-cli-0.1.0.jar"
      while [ -f "$here/hold" ]; do sleep 0.1; done
      [ ! -f "$here/broken" ] || { echo "it does not compile"; exit 1; }
      mkdir -p "$here/server/target"
      : >"$here/server/target/megabert-server-0.1.0.jar"
      cp "$here/whole.jar" "$here/cli/target/megabert-cli-0.1.0.jar"
      """;

  @TempDir private static Path folder;
  private static Path checkout;

  @BeforeAll
  static void copyTheCheckout() throws IOException {
    checkout = folder.toRealPath().resolve("a folder with blänks");
    for (String file :
        List.of(
            "megabert",
            "pom.xml",
            ".mvn/find-jdk.sh",
            "cli/src/main/resources/io/github/megabert/cli/jvm-options")) {
      copy(ROOT.resolve(file), checkout.resolve(file));
    }
    Path model = Path.of("demo-model/src/main/resources/io/github/megabert/demo");
    try (Stream<Path> files = Files.list(ROOT.resolve(model))) {
      for (Path file : files.toList()) {
        copy(file, checkout.resolve(model).resolve(file.getFileName().toString()));
      }
    }
    Files.writeString(checkout.resolve("mvnw"), BUILD);
    assertTrue(checkout.resolve("mvnw").toFile().setExecutable(true));
    writeJar(checkout.resolve("whole.jar"));
  }

  @BeforeEach
  void nothingIsBuilt() throws IOException {
    Files.deleteIfExists(jar());
    Files.deleteIfExists(lock());
    Files.deleteIfExists(checkout.resolve("builds"));
    Files.deleteIfExists(checkout.resolve("hold"));
    Files.deleteIfExists(checkout.resolve("broken"));
  }

  @Test
  void aPathWithBlanksAndNoHomeServe() throws Exception {
    Run run =
        start(
            Map.of("MEGABERT_CACHE", ""),
            "fill-mask",
            "--top-k",
            "1",
            "a dog is a domesticated [MASK].");
    assertTrue(
        run.succeed().matches("0\\.\\d+ +dog +a dog is a domesticated dog\\.\\s+"), run.out());
    assertFalse(run.err().contains("plain loops"), run.err());
    assertEquals(1, builds());
    assertTrue(start(Map.of(), "--version").succeed().startsWith("megabert "));
    assertEquals(1, builds());
    assertTrue(Files.exists(checkout.resolve("cli/target/megabert.jsa")));
    loadsLittleMoreThanItNeeds();
  }

  /** A second answer finds its lambdas in the archive, and leaves the Flight Recorder alone. */
  private static void loadsLittleMoreThanItNeeds() throws Exception {
    Map<String, String> environment =
        Map.of("MEGABERT_CACHE", "", "MEGABERT_JAVA_OPTIONS", "-Xlog:class+load:file=classes.txt");
    start(environment, "fill-mask", "a dog is a [MASK].").succeed();
    List<String> classes = Files.readAllLines(folder.resolve("classes.txt"));
    List<String> lambdas =
        classes.stream()
            .filter(line -> line.contains(" io.github.megabert.") && line.contains("$$Lambda"))
            .toList();
    long archived =
        lambdas.stream().filter(line -> line.contains("source: shared objects file")).count();
    assertTrue(archived > lambdas.size() / 2, () -> String.join("\n", lambdas));
    assertTrue(classes.stream().noneMatch(line -> line.contains("jdk.jfr.internal.")), "recorder");
  }

  @Test
  void anArchiveOfAnotherJdkIsMadeAnew() throws Exception {
    start(Map.of(), "--version").succeed();
    Path archive = checkout.resolve("cli/target/megabert.jsa");
    Path jdk = checkout.resolve("cli/target/megabert.jsa.jdk");
    Files.writeString(archive, "of another one");
    Files.writeString(jdk, "JAVA_VERSION=\"25\"\n");
    Run run = start(Map.of("MEGABERT_CACHE", ""), "--version");
    assertTrue(run.succeed().startsWith("megabert "), run.out());
    assertTrue(Files.size(archive) > 1 << 20, "it is the other one's still");
    assertTrue(Files.readString(jdk).contains("JAVA_RUNTIME_VERSION="));
    try (Stream<Path> files = Files.list(archive.getParent())) {
      List<String> names = files.map(file -> file.getFileName().toString()).toList();
      assertEquals(2, names.stream().filter(name -> name.startsWith("megabert.jsa")).count());
    }
  }

  @Test
  void symbolicLinksOnThePathLeadToTheCheckout() throws Exception {
    Path bin = Files.createDirectories(folder.resolve("bin of mine"));
    Path first = bin.resolve("mega-bert");
    Files.createSymbolicLink(first, checkout.resolve("megabert"));
    Files.createSymbolicLink(bin.resolve("megabert"), Path.of("../bin of mine/mega-bert"));
    Run run =
        Run.start(
            folder,
            withoutCache(Map.of("PATH", bin + File.pathSeparator + System.getenv("PATH"))),
            List.of("sh", "-c", "megabert --version"));
    assertTrue(run.succeed().startsWith("megabert "), run.out());
  }

  @Test
  void twoFirstRunsAtOnceBuildOnce() throws Exception {
    Files.createFile(checkout.resolve("hold"));
    Run first = start(Map.of(), "--version");
    Run.await("the first build", () -> Files.exists(jar()));
    Run second = start(Map.of(), "--version");
    Run.await("the second to wait", () -> second.err().contains("waiting for another build"));
    Files.delete(checkout.resolve("hold"));
    assertTrue(first.succeed().startsWith("megabert "), first.out());
    assertTrue(second.succeed().startsWith("megabert "), second.out());
    assertTrue(first.err().contains("building"), first.err());
    assertFalse(second.err().contains("building"), second.err());
    assertEquals(1, builds());
  }

  @Test
  void aBuildThatWasKilledBlocksNobodyAndLeavesNoHalfJar() throws Exception {
    Files.createFile(checkout.resolve("hold"));
    Run killed = start(Map.of(), "--version");
    Run.await("the build", () -> Files.exists(jar()));
    killed.process().destroyForcibly().waitFor();
    long builder = Long.parseLong(Files.readSymbolicLink(lock()).toString());
    ProcessHandle process = ProcessHandle.of(builder).orElseThrow();
    process.destroyForcibly();
    process.onExit().get();
    Files.delete(checkout.resolve("hold"));
    assertTrue(start(Map.of(), "--version").succeed().startsWith("megabert "));
    assertEquals(2, builds());
    assertFalse(Files.exists(lock(), LinkOption.NOFOLLOW_LINKS));
  }

  @Test
  void aLockWhoseNumberCameToAnotherProcessBlocksNobody() throws Exception {
    Files.createDirectories(lock().getParent());
    Files.createSymbolicLink(lock(), Path.of(String.valueOf(ProcessHandle.current().pid())));
    assertTrue(start(Map.of(), "--version").succeed().startsWith("megabert "));
    assertEquals(1, builds());
  }

  @Test
  void aBuildThatFailsIsToldAndTriedAgain() throws Exception {
    Files.createFile(checkout.resolve("broken"));
    Run run = start(Map.of(), "--version");
    assertEquals(1, run.exitCode());
    assertTrue(run.err().contains("megabert: the build failed; its output is in "), run.err());
    assertTrue(run.err().contains("it does not compile"), run.err());
    Files.delete(checkout.resolve("broken"));
    assertTrue(start(Map.of(), "--version").succeed().startsWith("megabert "));
    assertEquals(2, builds());
  }

  @Test
  void argumentsBeyondAsciiNeedNoLocale() throws Exception {
    Path model = Path.of("src/main/resources/io/github/megabert/demo");
    for (Map<String, String> locale :
        List.of(
            Map.<String, String>of(),
            Map.of("LC_ALL", "C"),
            Map.of("LANG", "xx_YY.UTF-8"),
            Map.of("LANG", "C.UTF-8"))) {
      Run run =
          start(
              locale,
              "tokenize",
              "--json",
              "--model",
              checkout.resolve("demo-model").resolve(model).toString(),
              "caf\u00E9 d\u00F6g");
      assertTrue(
          run.succeed().contains("[\"[CLS]\",\"ca\",\"##fe\",\"dog\",\"[SEP]\"]"), run.out());
    }
  }

  @Test
  void aTerminalIsSparedTheRemarkOnTheVectorApi() throws Exception {
    // util-linux' command gives its child a terminal; the JVM's own messages still come through.
    String command = "'" + checkout.resolve("megabert") + "' ";
    Run run = inTerminal(command + "fill-mask --top-k 1 'a dog is a domesticated [MASK].'");
    assertTrue(run.succeed().contains("a dog is a domesticated dog."), run.out());
    assertFalse(run.out().contains("WARNING"), run.out());
    Run wrong = inTerminal(command + "nonsense");
    wrong.exitCode();
    assertTrue(wrong.out().contains("Unmatched argument at index 0: 'nonsense'"), wrong.out());
    Run flag = inTerminal("MEGABERT_JAVA_OPTIONS=-XX:Nonsense " + command + "--version; sleep 2");
    flag.exitCode();
    assertTrue(flag.out().contains("Unrecognized VM option 'Nonsense'"), flag.out());
    try (Stream<Path> files = Files.list(checkout.resolve("cli/target"))) {
      assertEquals(
          List.of(),
          files.filter(file -> file.getFileName().toString().startsWith("stderr")).toList());
    }
  }

  @Test
  void theServersJarIsThereForServeAlone() throws Exception {
    Map<String, String> told = Map.of("MEGABERT_JAVA_OPTIONS", "-XshowSettings:properties");
    String jar = "megabert-server-0.1.0.jar";
    Run serve = start(told, "--debug", "serve", "--help");
    assertTrue(serve.succeed().contains("--api-key-file"), serve.out());
    assertTrue(serve.err().contains(jar), serve.err());
    Run other = start(told, "help", "serve");
    other.succeed();
    assertTrue(other.err().contains("java.class.path"), other.err());
    assertFalse(other.err().contains(jar), other.err());
    assertEquals(1, builds());
    // One that is not there is built.
    Files.delete(checkout.resolve("server/target").resolve(jar));
    start(Map.of(), "--version").succeed();
    assertEquals(2, builds());
  }

  private static Run inTerminal(String command) throws IOException {
    List<String> script =
        OS.current() == OS.LINUX
            ? List.of("script", "-qec", command, "/dev/null")
            : List.of("script", "-q", "/dev/null", "sh", "-c", command);
    return Run.start(folder, withoutCache(Map.of()), script);
  }

  private static Run start(Map<String, String> environment, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(checkout.resolve("megabert").toString());
    command.addAll(List.of(arguments));
    return Run.start(folder, withoutCache(environment), command);
  }

  /** A cache takes as long to make as ten starts. */
  private static Map<String, String> withoutCache(Map<String, String> environment) {
    Map<String, String> all = new HashMap<>(Map.of("MEGABERT_CACHE", "none"));
    all.putAll(environment);
    return all;
  }

  private static Path jar() {
    return checkout.resolve("cli/target/megabert-cli-0.1.0.jar");
  }

  private static Path lock() {
    return checkout.resolve("target/build.lock");
  }

  private static long builds() throws IOException {
    Path builds = checkout.resolve("builds");
    return Files.exists(builds) ? Files.readAllLines(builds).size() : 0;
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to.getParent());
    Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES);
  }

  /** What this test runs with, as one jar, like the one that the build shades. */
  private static void writeJar(Path jar) throws IOException {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    attributes.put(Attributes.Name.MAIN_CLASS, Main.class.getName());
    Set<String> names = new HashSet<>();
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file, manifest)) {
      out.setLevel(0);
      for (String entry : Run.classPath().split(File.pathSeparator, -1)) {
        Path path = Path.of(entry);
        if (Files.isDirectory(path)) {
          addFolder(path, out, names);
        } else {
          addJar(path, out, names);
        }
      }
    }
  }

  private static void addFolder(Path folder, JarOutputStream out, Set<String> names)
      throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path content : files.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(content).toString();
        if (isTaken(name) && names.add(name)) {
          out.putNextEntry(new JarEntry(name));
          Files.copy(content, out);
        }
      }
    }
  }

  private static void addJar(Path path, JarOutputStream out, Set<String> names) throws IOException {
    try (JarFile jar = new JarFile(path.toFile())) {
      for (JarEntry entry : jar.stream().filter(e -> !e.isDirectory()).toList()) {
        if (isTaken(entry.getName()) && names.add(entry.getName())) {
          out.putNextEntry(new JarEntry(entry.getName()));
          try (InputStream content = jar.getInputStream(entry)) {
            content.transferTo(out);
          }
        }
      }
    }
  }

  /**
   * The model is read from the checkout; the jar has no modules, signatures or manifest of others.
   */
  private static boolean isTaken(String name) {
    return !name.endsWith("model.safetensors")
        && !name.endsWith("module-info.class")
        && (!name.startsWith("META-INF/")
            || name.startsWith("META-INF/services/")
            || name.startsWith("META-INF/resources/"));
  }
}
