// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.input;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.json.JsonTree;
import io.github.megabert.testing.RandomInput;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class QuoteTest {
  @Test
  void whatATerminalWouldObeyIsShownAsAnEscape() {
    assertEquals("'a b'", Quote.quote("a b"));
    assertEquals("'\\u001b[2J\\u0007'", Quote.quote("\u001b[2J\u0007"));
    assertEquals("'a\\u000ab\\u2028c'", Quote.quote("a\nb\u2028c"));
    assertEquals("'\\u202egnp.exe'", Quote.quote("\u202egnp.exe"));
    assertEquals("'\\ud800x'", Quote.quote("\ud800x"));
    assertEquals("'\\u009b31m'", Quote.quote("\u009b31m"));
    assertEquals("'grün 😀 字'", Quote.quote("grün 😀 字"));
  }

  @Test
  void aTextIsCutAtTwoHundredCharacters() {
    assertEquals("'" + "x".repeat(200) + "'", Quote.quote("x".repeat(200)));
    assertEquals("'" + "x".repeat(200) + "…'", Quote.quote("x".repeat(5_000_000)));
    assertEquals("'" + "\\u0000".repeat(33) + "…'", Quote.quote("\0".repeat(34)));
    assertEquals("x".repeat(200) + "…", Quote.escape("x".repeat(201)));
  }

  @Test
  void listsSayHowManyThereAre() {
    assertEquals("'a', 'b'", Quote.list(List.of("a", "b")));
    String many = Quote.list(Collections.nCopies(2_000_000, "label"));
    assertTrue(many.length() < 250 && many.endsWith(", … (2000000 in all)"), many);
  }

  @Test
  void jsonIsCutWhileItIsWritten() throws IOException {
    assertEquals(
        "{\"a\":[1,null,\"\\u001b\"]}", Quote.json(json("{\"a\": [1, null, \"\\u001b\"]}")));
    String many = Quote.json(json("[" + "[],".repeat(50_000) + "1.5]"));
    assertEquals("[" + "[],".repeat(66) + "[…", many);
    assertEquals("\"" + "y".repeat(199) + "…", Quote.json(json("\"" + "y".repeat(100_000) + "\"")));
  }

  @Test
  void anyTextComesOutShortAndOnOneLine() {
    RandomInput.check(
        2_000,
        input -> {
          String shown = Quote.quote(input.text(600));
          assertTrue(shown.length() <= 203, shown);
          assertTrue(
              shown.chars().noneMatch(c -> Character.isISOControl(c) || c == '\u2028'), shown);
        });
  }

  private static JsonNode json(String text) throws IOException {
    return JsonTree.read(
        new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), "a test", 1 << 20);
  }
}
