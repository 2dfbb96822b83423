// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The core is a house of floors: a package uses only those below it. */
class FloorsTest {
  private static final String ROOT = "io.github.megabert.";

  /** From the ground up. */
  private static final List<String> FLOORS =
      List.of(
          "input",
          "json",
          "tensor",
          "parallel",
          "parameters",
          "checkpoint",
          "hub",
          "tokenizer",
          "backend",
          "model",
          "task",
          "train");

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.github.megabert");

  @Test
  void aPackageUsesOnlyThoseBelowIt() {
    assertTrue(CLASSES.size() > 100, "classes found: " + CLASSES.size());
    for (int floor = 0; floor + 1 < FLOORS.size(); floor++) {
      String[] above =
          FLOORS.subList(floor + 1, FLOORS.size()).stream()
              .map(name -> ROOT + name + "..")
              .toArray(String[]::new);
      noClasses()
          .that()
          .resideInAPackage(ROOT + FLOORS.get(floor) + "..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(above)
          .allowEmptyShould(true)
          .check(CLASSES);
      noClasses()
          .that()
          .resideInAPackage(ROOT + FLOORS.get(floor) + "..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.github.megabert")
          .allowEmptyShould(true)
          .check(CLASSES);
    }
  }

  @Test
  void theVectorApiIsUsedInTheVectorBackendAlone() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + "backend.vector..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("jdk.incubator.vector..")
        .check(CLASSES);
    assertFalse(CLASSES.isEmpty());
  }

  @Test
  void jacksonIsTheOnlyLibraryAtRunTime() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideOutsideOfPackages(
            "java..",
            "javax..",
            "jdk.incubator.vector..",
            "jdk.jfr..",
            "tools.jackson..",
            "com.fasterxml.jackson.annotation..",
            "org.jspecify..",
            "io.github.megabert..")
        .check(CLASSES);
    assertFalse(CLASSES.isEmpty());
  }

  /** What a user may call asks for no type that the module keeps to itself, or of a library. */
  @Test
  void publicSignaturesNameOnlyWhatIsExported() throws IOException {
    Set<String> exported;
    try (InputStream module =
        Files.newInputStream(Path.of("target", "classes", "module-info.class"))) {
      exported =
          ModuleDescriptor.read(module).exports().stream()
              .filter(export -> !export.isQualified())
              .map(ModuleDescriptor.Exports::source)
              .collect(Collectors.toSet());
    }
    List<String> strange = new ArrayList<>();
    int signatures = 0;
    for (JavaClass type : CLASSES) {
      if (!exported.contains(type.getPackageName()) || !isVisible(type)) {
        continue;
      }
      for (JavaCodeUnit member : type.getCodeUnits()) {
        if (member.getModifiers().contains(JavaModifier.PUBLIC)) {
          signatures++;
          for (JavaClass involved : member.getAllInvolvedRawTypes()) {
            String name = involved.getBaseComponentType().getPackageName();
            if (!name.isEmpty() && !name.startsWith("java.") && !exported.contains(name)) {
              strange.add(member.getFullName() + ": " + involved.getName());
            }
          }
        }
      }
    }
    assertTrue(signatures > 300, "signatures found: " + signatures);
    assertEquals(List.of(), strange);
  }

  private static boolean isVisible(JavaClass type) {
    return type.getModifiers().contains(JavaModifier.PUBLIC)
        && type.getEnclosingClass().map(FloorsTest::isVisible).orElse(true);
  }
}
