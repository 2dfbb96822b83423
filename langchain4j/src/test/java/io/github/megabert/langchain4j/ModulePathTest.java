// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The adapters as a named module, beside nothing but what their descriptors ask for. */
class ModulePathTest {
  @Test
  void theDescriptorsNameAllThatAnEmbeddingNeeds() throws Exception {
    Path[] path =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
            .map(Path::of)
            // Folders without a descriptor, of tests and resources, are no modules.
            .filter(entry -> !Files.isDirectory(entry) || isModule(entry))
            .toArray(Path[]::new);
    Configuration modules =
        ModuleLayer.boot()
            .configuration()
            .resolve(
                ModuleFinder.of(path),
                ModuleFinder.of(),
                Set.of("io.github.megabert.langchain4j", "io.github.megabert.demo"));
    ModuleLayer layer =
        ModuleLayer.defineModulesWithOneLoader(
                modules, List.of(ModuleLayer.boot()), ClassLoader.getPlatformClassLoader())
            .layer();
    assertTrue(layer.findModule("org.slf4j").isPresent(), modules.toString());

    ClassLoader loader = layer.findLoader("io.github.megabert.langchain4j");
    Class<?> megaBert = loader.loadClass("io.github.megabert.MegaBert");
    assertEquals("io.github.megabert.core", megaBert.getModule().getName());
    try (AutoCloseable bert = (AutoCloseable) megaBert.getMethod("demo").invoke(null)) {
      Object model =
          loader
              .loadClass("io.github.megabert.langchain4j.MegaBertEmbeddingModel")
              .getMethod("of", megaBert)
              .invoke(null, bert);
      Object response = model.getClass().getMethod("embed", String.class).invoke(model, "a dog");
      Object embedding = response.getClass().getMethod("content").invoke(response);
      assertEquals(256, embedding.getClass().getMethod("dimension").invoke(embedding));
    }
  }

  private static boolean isModule(Path folder) {
    return Files.exists(folder.resolve("module-info.class"));
  }
}
