// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.megabert.cli.terminal.Utf8Lines;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class Utf8LinesTest {
  @Test
  void linesEndAsInEveryFile() throws IOException {
    assertEquals(List.of(), texts(""));
    assertEquals(List.of("a"), texts("a"));
    assertEquals(List.of("a"), texts("a\n"));
    assertEquals(List.of("a", "", "b", "", "c"), texts("a\n\nb\r\n\r\nc"));
    assertEquals(List.of("a", "b", "", "c"), texts("a\rb\r\rc\r"));
    assertEquals(
        List.of("", "\uD83D\uDE00 d\u00F6g\u2028 \u0085"),
        texts("\n\uD83D\uDE00 d\u00F6g\u2028 \u0085\n"));
  }

  @Test
  void aLineThatIsNotUtf8CostsTheOthersNothing() throws IOException {
    byte[] latin = "caf\u00E9\nfine\nna\u00EFve\n\u00FF".getBytes(StandardCharsets.ISO_8859_1);
    List<Utf8Lines.Line> lines = lines(latin);
    assertEquals(
        List.of(
            new Utf8Lines.Line(null, "byte 4 is 0xE9"),
            new Utf8Lines.Line("fine", null),
            new Utf8Lines.Line(null, "byte 3 is 0xEF"),
            new Utf8Lines.Line(null, "byte 1 is 0xFF")),
        lines);
  }

  @Test
  void charactersThatAreCutOrForgedAreFaults() throws IOException {
    // The end of a four-byte character is missing; a surrogate; an overlong solidus.
    assertEquals("byte 3 is 0xF0", fault('h', 'i', 0xF0, 0x9F, 0x98));
    assertEquals("byte 1 is 0xED", fault(0xED, 0xA0, 0x80));
    assertEquals("byte 2 is 0xC0", fault('x', 0xC0, 0xAF));
  }

  private static String fault(int... values) throws IOException {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return String.valueOf(lines(bytes).get(0).fault());
  }

  private static List<String> texts(String content) throws IOException {
    return lines(content.getBytes(StandardCharsets.UTF_8)).stream()
        .map(line -> String.valueOf(line.text()))
        .toList();
  }

  private static List<Utf8Lines.Line> lines(byte[] bytes) throws IOException {
    Utf8Lines lines = new Utf8Lines(new ByteArrayInputStream(bytes));
    List<Utf8Lines.Line> all = new ArrayList<>();
    for (Utf8Lines.Line line = lines.next(); line != null; line = lines.next()) {
      all.add(line);
    }
    return all;
  }
}
