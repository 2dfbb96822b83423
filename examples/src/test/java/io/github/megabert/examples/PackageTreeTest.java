// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tree of packages in README is that of the code. */
class PackageTreeTest {
  private static final Pattern TREE = Pattern.compile("```text\n(io\\..*?)```", Pattern.DOTALL);
  private static final Pattern LINE = Pattern.compile("( *)([a-z.0-9]+) +(\\S.*)");

  @Test
  void readmeHasALineForEachPackage() throws IOException {
    NavigableSet<String> code = new TreeSet<>();
    for (String module : List.of("core", "cli", "tornado-kernels")) {
      code.addAll(packages(Path.of("..", module, "src", "main", "java")));
    }
    assertTrue(code.size() > 30, "packages found: " + code);
    assertEquals(code, packagesOfReadme());
  }

  private static NavigableSet<String> packagesOfReadme() throws IOException {
    Matcher tree = TREE.matcher(Files.readString(Path.of("..", "README.md")));
    assertTrue(tree.find(), "README has no tree");
    NavigableSet<String> packages = new TreeSet<>();
    List<String> path = new ArrayList<>();
    for (String line : tree.group(1).lines().toList()) {
      Matcher parts = LINE.matcher(line);
      assertTrue(parts.matches(), line);
      int depth = parts.group(1).length() / 2;
      path.subList(depth, path.size()).clear();
      path.add(parts.group(2));
      assertTrue(packages.add(String.join(".", path)), line);
    }
    return packages;
  }

  private static NavigableSet<String> packages(Path sources) throws IOException {
    NavigableSet<String> packages = new TreeSet<>();
    try (Stream<Path> files = Files.walk(sources)) {
      files
          .filter(file -> file.toString().endsWith("package-info.java"))
          .map(file -> sources.relativize(file.getParent()).toString())
          .map(folder -> folder.replace(File.separatorChar, '.'))
          .forEach(packages::add);
    }
    return packages;
  }
}
