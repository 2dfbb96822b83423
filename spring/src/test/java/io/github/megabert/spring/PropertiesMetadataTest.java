// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What editors and the documentation know of the properties. */
class PropertiesMetadataTest {
  private static JsonNode metadata() throws IOException {
    try (InputStream in =
        MegaBertProperties.class.getResourceAsStream(
            "/META-INF/spring-configuration-metadata.json")) {
      assertNotNull(in, "the annotation processor wrote nothing");
      return JsonMapper.shared().readTree(in);
    }
  }

  @Test
  void everyPropertyIsDescribedInTheJarAndOnThePage() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "spring.md"));
    Set<String> names = new TreeSet<>();
    for (JsonNode property : metadata().get("properties")) {
      String name = property.get("name").stringValue();
      names.add(name);
      assertNotNull(property.get("description"), name);
      assertFalse(property.get("description").stringValue().isBlank(), name);
      assertTrue(page.contains("`" + name.substring("megabert.".length()) + "`"), name);
    }
    // The record's components, of which one is a record of its own.
    int components =
        MegaBertProperties.class.getRecordComponents().length
            - 1
            + MegaBertProperties.Embedding.class.getRecordComponents().length;
    assertEquals(components, names.size(), names.toString());
  }
}
