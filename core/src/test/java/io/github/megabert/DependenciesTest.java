// SPDX-License-Identifier: Apache-2.0
package io.github.megabert;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Who uses core gets Jackson with it, and nothing else. */
class DependenciesTest {
  @Test
  void theOnlyRunTimeDependencyIsJackson() throws Exception {
    Set<String> needed = new TreeSet<>();
    // What the parent gives to all modules, and core's own.
    addNeeded(Path.of("..", "pom.xml"), needed);
    addNeeded(Path.of("pom.xml"), needed);
    assertEquals(Set.of("tools.jackson.core:jackson-databind"), needed);
  }

  /** Dependencies of the project itself, neither managed nor of a plugin, that users get. */
  private static void addNeeded(Path pom, Set<String> needed) throws Exception {
    Document document =
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(pom.toFile());
    NodeList parts = document.getDocumentElement().getChildNodes();
    for (int i = 0; i < parts.getLength(); i++) {
      if (parts.item(i) instanceof Element part && part.getTagName().equals("dependencies")) {
        NodeList all = part.getElementsByTagName("dependency");
        for (int k = 0; k < all.getLength(); k++) {
          Element dependency = (Element) all.item(k);
          String scope = text(dependency, "scope");
          if (!scope.equals("test") && !scope.equals("provided")) {
            needed.add(text(dependency, "groupId") + ":" + text(dependency, "artifactId"));
          }
        }
      }
    }
  }

  private static String text(Element of, String name) {
    NodeList found = of.getElementsByTagName(name);
    return found.getLength() == 0 ? "" : found.item(0).getTextContent().strip();
  }
}
