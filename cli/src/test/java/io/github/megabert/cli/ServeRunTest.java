// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.megabert.cli.model.ServeLimits;
import io.github.megabert.cli.model.ServeRun;
import io.github.megabert.server.Limits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What {@code megabert serve} makes of its options and of the environment. */
class ServeRunTest {
  private static final String WRONG =
      ": an API key is one or more ASCII characters without blanks; this one is not";

  @TempDir private static Path folder;

  @Test
  void withoutOptionsItHasTheServersLimits() {
    ServeLimits limits = CommandLine.populateCommand(new ServeLimits());
    assertEquals(Limits.DEFAULT, ServeRun.limits(limits));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\n", "two words"})
  void aKeyThatIsNoneIsRefused(String text) throws Exception {
    IllegalArgumentException variable =
        assertThrows(IllegalArgumentException.class, () -> ServeRun.key(Optional.empty(), text));
    assertEquals("MEGABERT_API_KEY" + WRONG, variable.getMessage());
    Path file = Files.writeString(folder.resolve("key"), text);
    IllegalArgumentException named =
        assertThrows(
            IllegalArgumentException.class, () -> ServeRun.key(Optional.of(file), "a-key"));
    assertEquals(file + WRONG, named.getMessage());
  }

  @Test
  void aKeyIsTakenWithoutBlanksAround() throws Exception {
    assertNotNull(ServeRun.key(Optional.empty(), " a-key\n"));
    assertNull(ServeRun.key(Optional.empty(), null));
  }
}
