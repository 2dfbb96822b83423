// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code mvnw} itself; what it downloads, and by what, is made here. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "it is a shell script")
class MavenWrapperTest {
  private static final Path ROOT = Path.of("..");
  private static final List<String> TOOLS =
      List.of(
          "basename",
          "cat",
          "chmod",
          "cp",
          "dirname",
          "id",
          "locale",
          "mkdir",
          "mktemp",
          "mv",
          "readlink",
          "rm",
          "sed",
          "sh",
          "sha256sum",
          "shasum",
          "tr",
          "uname");

  @TempDir private Path folder;
  private Path checkout;
  private Path tools;

  @BeforeEach
  void copyTheWrapper() throws Exception {
    checkout = folder.resolve("a check out");
    Files.createDirectories(checkout.resolve(".mvn/wrapper"));
    for (String file : List.of("mvnw", ".mvn/find-jdk.sh")) {
      Files.copy(ROOT.resolve(file), checkout.resolve(file), StandardCopyOption.COPY_ATTRIBUTES);
    }
    byte[] zip = distribution();
    String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(zip));
    Files.writeString(
        checkout.resolve(".mvn/wrapper/maven-wrapper.properties"),
        "distributionUrl=https://nowhere.invalid/maven2/org/apache/maven/apache-maven/9.9.9/"
            + "apache-maven-9.9.9-bin.zip\ndistributionSha256Sum="
            + sum
            + "\n");
    tools = folder.resolve("tools");
    addToolsButMaven();
  }

  @Test
  void mavenIsDownloadedOnceAndRun() throws Exception {
    tool(
        "wget",
        "echo download >>"
            + folder
            + "/downloads; for to; do :; done; cp "
            + folder
            + "/maven.zip \"$to\"");
    assertEquals("the wrapper's Maven: verify -q\n", mvnw("verify", "-q").succeed());
    assertEquals("the wrapper's Maven: verify\n", mvnw("verify").succeed());
    assertEquals("the wrapper's Maven: -o verify\n", mvnw("-o", "verify").succeed());
    assertEquals(1, Files.readAllLines(folder.resolve("downloads")).size());
  }

  @Test
  void anInstalledMavenServesWithoutNetwork() throws Exception {
    tool("wget", "exit 4");
    tool("mvn", "[ \"$1\" != --version ] || { echo 'Apache Maven 3.8.7'; exit; }; echo own \"$@\"");
    assertEquals("own verify -q\n", mvnw("verify", "-q").succeed());
  }

  @Test
  void offlineNothingIsDownloaded() throws Exception {
    tool("wget", "echo download >>" + folder + "/downloads; exit 4");
    tool("mvn", "[ \"$1\" != --version ] || { echo 'Apache Maven 3.9.1'; exit; }; echo own \"$@\"");
    assertEquals("own -o verify\n", mvnw("-o", "verify").succeed());
    assertFalse(Files.exists(folder.resolve("downloads")));
  }

  @Test
  void withoutAnyMavenOneSentenceSaysWhatIsNeeded() throws Exception {
    tool("wget", "exit 4");
    Run none = mvnw("verify");
    assertEquals(1, none.exitCode());
    assertEquals(
        "mvnw: Maven is missing: https://nowhere.invalid/maven2/org/apache/maven/apache-maven/9.9.9/"
            + "apache-maven-9.9.9-bin.zip cannot be downloaded; connect to the network, or install"
            + " Maven 3.8 or later so that mvn is on the PATH.\n",
        none.err());
    tool("mvn", "echo 'Apache Maven 3.6.3'");
    Run old = mvnw("verify");
    assertEquals(1, old.exitCode());
    assertTrue(old.err().contains("mvn on the PATH is Maven 3.6.3; connect"), old.err());
  }

  @Test
  void aDistributionWithAnotherChecksumIsRefused() throws Exception {
    tool("wget", "for to; do :; done; echo forged >\"$to\"");
    tool("mvn", "echo 'Apache Maven 3.9.1'");
    Run run = mvnw("verify");
    assertEquals(1, run.exitCode());
    assertTrue(run.err().contains("Failed to validate Maven distribution SHA-256"), run.err());
    assertEquals("", run.out());
  }

  private Run mvnw(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(checkout.resolve("mvnw").toString()));
    command.addAll(List.of(arguments));
    return Run.start(
        folder,
        Map.of("PATH", tools.toString(), "MAVEN_USER_HOME", folder.resolve("m 2").toString()),
        command);
  }

  /** Adds a command to those that the wrapper finds. */
  private void tool(String name, String script) throws IOException {
    Path file = tools.resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    assertTrue(file.toFile().setExecutable(true));
  }

  /**
   * What the wrapper calls, without Maven and what downloads, and without unzip: Java's zip files
   * know no permissions.
   */
  private void addToolsButMaven() throws IOException {
    Files.createDirectories(tools);
    for (String name : TOOLS) {
      for (String part : System.getenv("PATH").split(File.pathSeparator, -1)) {
        Path file = Path.of(part, name);
        if (Files.isExecutable(file)) {
          tool(name, "exec " + file + " \"$@\"");
          break;
        }
      }
    }
  }

  /** A Maven that says what it is asked for. */
  private byte[] distribution() throws IOException {
    Path zip = folder.resolve("maven.zip");
    try (OutputStream file = Files.newOutputStream(zip);
        ZipOutputStream out = new ZipOutputStream(file)) {
      out.putNextEntry(new ZipEntry("apache-maven-9.9.9/"));
      out.putNextEntry(new ZipEntry("apache-maven-9.9.9/bin/"));
      out.putNextEntry(new ZipEntry("apache-maven-9.9.9/bin/mvn"));
      String script = "#!/bin/sh\necho \"the wrapper's Maven: $*\"\n";
      out.write(script.getBytes(StandardCharsets.UTF_8));
    }
    return Files.readAllBytes(zip);
  }
}
