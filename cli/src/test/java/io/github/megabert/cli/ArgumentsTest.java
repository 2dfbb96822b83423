// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArgumentsTest {
  @Test
  void anyArgumentsPassThroughAscii() {
    List<String> arguments =
        List.of("", "a b", "caf\u00E9", "a&b=c%20+", "\uD83D\uDE00\n\t", "-Dx=y", "");
    String encoded = Arguments.encode(arguments);
    assertTrue(encoded.chars().allMatch(c -> c > ' ' && c < 127), encoded);
    assertEquals(arguments, Arguments.decode(encoded));
    assertEquals(List.of(), Arguments.decode(Arguments.encode(List.of())));
  }

  @Test
  void whatTheLocaleCannotDecodeIsReadFromTheBytes() {
    byte[] line = bytes("java\0-jar\0x.jar\0tokenize\0\0caf\u00E9\0");
    String[] decoded = {"tokenize", "", "caf??"};
    assertEquals(List.of("tokenize", "", "caf\u00E9"), Arguments.typed(decoded, line, true));
    assertEquals(List.of("tokenize", "", "caf??"), Arguments.typed(decoded, line, false));
    String[] replaced = {"tokenize", "", "\uFFFD"};
    assertEquals(List.of("tokenize", "", "caf\u00E9"), Arguments.typed(replaced, line, false));
    // Of an argument file, whose content the line does not hold.
    assertEquals(List.of(decoded), Arguments.typed(decoded, bytes("java\0@file\0"), true));
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() {
    byte[] line = "java\0x\0caf\u00E9\0".getBytes(StandardCharsets.ISO_8859_1);
    IllegalArgumentException refusal =
        assertThrows(
            IllegalArgumentException.class,
            () -> Arguments.typed(new String[] {"x", "caf\uFFFD"}, line, false));
    assertEquals(
        "argument 2 is not valid UTF-8: byte 4 is 0xE9; write it in UTF-8", refusal.getMessage());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
