package io.github.megabert;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The core is a house of floors: a package uses only those below it. */
class FloorsTest {
  private static final String ROOT = "io.github.megabert.";

  /** From the ground up. */
  private static final List<String> FLOORS =
      List.of(
          "json",
          "tensor",
          "parameters",
          "checkpoint",
          "tokenizer",
          "backend",
          "model",
          "train",
          "task");

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
            "tools.jackson..",
            "com.fasterxml.jackson.annotation..",
            "org.jspecify..",
            "io.github.megabert..")
        .check(CLASSES);
    assertFalse(CLASSES.isEmpty());
  }
}
