// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The project's version stands in many places, and is one. */
class VersionTest {
  private static final Path PROJECT = Path.of("..");
  private static final String NUMBER = "([0-9]+\\.[0-9]+\\.[0-9]+)";

  /** How the version is written, and in how many places at least. */
  private enum Form {
    JAR("megabert-[a-z0-9-]+-" + NUMBER + "(?:-[a-z]+)?\\.(?:jar|json)", 10),
    ARCHIVE("megabert-" + NUMBER, 1),
    COORDINATES("io\\.github\\.megabert:megabert-[a-z0-9-]+:" + NUMBER, 1),
    POM(
        "<groupId>io\\.github\\.megabert</groupId>\\s*<artifactId>megabert-[a-z0-9-]+</artifactId>"
            + "\\s*<version>"
            + NUMBER,
        12),
    REPOSITORY("megabert-[a-z0-9]+/" + NUMBER, 1),
    CONSTANT("String VERSION = \"" + NUMBER + "\"", 2),
    OPEN_API("\"version\": \"" + NUMBER + "\"", 1),
    CHANGELOG("(?s)\\A# Changelog\\s+## " + NUMBER, 1),
    PRINTED("megabert " + NUMBER, 2);

    private final Pattern pattern;
    private final int least;

    Form(String pattern, int least) {
      this.pattern = Pattern.compile(pattern);
      this.least = least;
    }
  }

  private static final Set<String> KINDS =
      Set.of("java", "md", "xml", "sh", "json", "kts", "kt", "gradle");

  @Test
  void everyPlaceHasTheVersionOfThePom() throws IOException {
    Matcher pom =
        Pattern.compile("<artifactId>megabert-parent</artifactId>\\s*<version>" + NUMBER)
            .matcher(Files.readString(PROJECT.resolve("pom.xml")));
    assertTrue(pom.find(), "pom.xml has no version");
    String version = pom.group(1);
    Map<Form, Integer> found = new EnumMap<>(Form.class);
    List<String> others = new ArrayList<>();
    for (Path file : files()) {
      String text = Files.readString(file);
      for (Form form : Form.values()) {
        Matcher matcher = form.pattern.matcher(text);
        while (matcher.find()) {
          found.merge(form, 1, Integer::sum);
          if (!matcher.group(1).equals(version)) {
            others.add(PROJECT.relativize(file) + ": " + matcher.group());
          }
        }
      }
    }
    assertEquals(List.of(), others, "other versions than " + version);
    for (Form form : Form.values()) {
      assertTrue(found.getOrDefault(form, 0) >= form.least, form + ": " + found.get(form));
    }
  }

  /**
   * What git tracks, in a checkout. Elsewhere there is nothing else.
   *
   * @return empty where it is no checkout, or there is no git
   */
  private static Set<Path> tracked() throws IOException {
    Process git;
    try {
      git =
          new ProcessBuilder("git", "ls-files", "-z")
              .directory(PROJECT.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException absent) {
      return Set.of();
    }
    try (InputStream names = git.getInputStream()) {
      return Stream.of(new String(names.readAllBytes(), StandardCharsets.UTF_8).split("\0", -1))
          .filter(name -> !name.isEmpty())
          .map(PROJECT::resolve)
          .collect(Collectors.toSet());
    }
  }

  /** What people read or build, without what was built and what others wrote. */
  private static List<Path> files() throws IOException {
    Set<Path> tracked = tracked();
    List<Path> files = new ArrayList<>();
    Files.walkFileTree(
        PROJECT,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            String name = String.valueOf(folder.getFileName());
            return name.equals("target")
                    || name.equals("fixtures")
                    || (name.startsWith(".") && !folder.equals(PROJECT))
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            String name = String.valueOf(file.getFileName());
            String kind = name.substring(name.lastIndexOf('.') + 1);
            if ((KINDS.contains(kind) || name.equals("Dockerfile"))
                && (tracked.isEmpty() || tracked.contains(file))) {
              files.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return files;
  }
}
