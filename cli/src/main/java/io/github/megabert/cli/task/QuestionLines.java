// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.task;

import io.github.megabert.cli.terminal.Failures;
import io.github.megabert.cli.terminal.Utf8Lines;
import io.github.megabert.task.QuestionAnswering.Question;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Questions and contexts, a JSON object a line. */
public final class QuestionLines {
  private final Utf8Lines in;
  private long number;

  /**
   * A line.
   *
   * @param number its number, from 1
   * @param question what it asks; null for a blank line and for a wrong one
   * @param refusal which line it is and what is wrong with it; null where nothing is
   */
  record Line(long number, @Nullable Question question, @Nullable String refusal) {}

  QuestionLines(InputStream in) {
    this.in = new Utf8Lines(in);
  }

  /** The next line; null at the end. */
  @Nullable Line next() throws IOException {
    Utf8Lines.Line line = in.next();
    if (line == null) {
      return null;
    }
    number++;
    String text = line.text();
    if (text == null) {
      return refused("not valid UTF-8, " + line.fault() + "; convert the text first");
    }
    if (text.isBlank()) {
      return new Line(number, null, null);
    }
    try {
      JsonNode json = JsonMapper.shared().readTree(text);
      return new Line(
          number, new Question(member(json, "question"), member(json, "context")), null);
    } catch (JacksonException e) {
      return refused("not JSON: " + e.getOriginalMessage());
    } catch (IllegalArgumentException e) {
      return refused(Failures.sentence(e));
    }
  }

  private Line refused(String why) {
    return new Line(number, null, "line " + number + ": " + why);
  }

  private static String member(JsonNode json, String name) {
    JsonNode value = json.path(name);
    if (!value.isString()) {
      throw new IllegalArgumentException(
          "lacks the string \"" + name + "\"; a line is {\"question\": …, \"context\": …}");
    }
    return value.stringValue();
  }
}
