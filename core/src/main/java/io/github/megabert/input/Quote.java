// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.input;

import java.util.Collection;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * A text of a file as a message may show it: in quotes, on one line, at most {@value #LONGEST}
 * characters of it. What a terminal would obey or hide (control and format characters, separators,
 * halves of surrogate pairs) is shown as an escape.
 */
public final class Quote {
  /** Characters of a text that are shown, an escape counted as those that it is written with. */
  public static final int LONGEST = 200;

  private Quote() {}

  /** The text between apostrophes. */
  public static String quote(String text) {
    StringBuilder shown = new StringBuilder("'");
    append(shown, text, 1 + LONGEST);
    return shown.append('\'').toString();
  }

  /** The text as {@link #quote} shows it, without the apostrophes. */
  public static String escape(String text) {
    StringBuilder shown = new StringBuilder();
    append(shown, text, LONGEST);
    return shown.toString();
  }

  /** A JSON value as it is written, cut; one that is long is not written first. */
  public static String json(JsonNode value) {
    StringBuilder shown = new StringBuilder();
    append(shown, value);
    return shown.length() <= LONGEST ? shown.toString() : shown.substring(0, LONGEST) + "…";
  }

  /** The first of several texts, each in apostrophes, and how many there are if not all fit. */
  public static String list(Collection<String> texts) {
    StringBuilder shown = new StringBuilder();
    int count = 0;
    for (Iterator<String> rest = texts.iterator(); rest.hasNext(); count++) {
      if (shown.length() >= LONGEST) {
        return shown + String.format(Locale.ROOT, ", … (%d in all)", texts.size());
      }
      shown.append(count == 0 ? "" : ", ").append(quote(rest.next()));
    }
    return shown.toString();
  }

  /** Appends the text until the whole has {@code limit} characters, then an ellipsis. */
  private static void append(StringBuilder shown, String text, int limit) {
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      int before = shown.length();
      if (isPlain(c)) {
        shown.appendCodePoint(c);
      } else {
        for (char unit : Character.toChars(c)) {
          shown.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
        }
      }
      if (shown.length() > limit) {
        shown.setLength(before);
        shown.append('…');
        return;
      }
    }
  }

  private static boolean isPlain(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }

  private static void append(StringBuilder shown, JsonNode value) {
    if (shown.length() > LONGEST) {
      return;
    }
    if (value.isString()) {
      shown.append('"');
      append(shown, value.stringValue(), shown.length() + LONGEST);
      shown.append('"');
    } else if (value.isArray()) {
      shown.append('[');
      String comma = "";
      for (JsonNode element : value) {
        shown.append(comma);
        comma = ",";
        append(shown, element);
        if (shown.length() > LONGEST) {
          return;
        }
      }
      shown.append(']');
    } else if (value.isObject()) {
      shown.append('{');
      String comma = "";
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        shown.append(comma).append('"');
        comma = ",";
        append(shown, field.getKey(), shown.length() + LONGEST);
        shown.append("\":");
        append(shown, field.getValue());
        if (shown.length() > LONGEST) {
          return;
        }
      }
      shown.append('}');
    } else {
      append(shown, value.toString(), shown.length() + LONGEST);
    }
  }
}
