// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import io.github.megabert.input.Quote;
import io.github.megabert.json.JsonTree;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Questions of a file in SQuAD's format, 1.1 or 2.0: {@code {"data": [{"paragraphs": [{"context":
 * …, "qas": [{"id": …, "question": …, "answers": [{"text": …, "answer_start": …}], "is_impossible":
 * …}]}]}]}}. Only a paragraph's questions are held at once, whatever the file's size. Other names
 * are passed over.
 *
 * <p>{@code answer_start} counts Unicode code points, as Python does. Without {@code is_impossible}
 * a question is impossible if it has no answers.
 */
final class SquadReader implements ExampleReader<QuestionExample> {
  /** Questions of one paragraph; SQuAD's have 25 at most. */
  private static final int MOST_QUESTIONS = 1 << 14;

  private static final int MOST_ANSWERS = 1 << 10;
  private static final int LONGEST_CONTEXT = 1 << 20;

  private final Path file;
  private final InputStream in;
  private final JsonParser parser;
  private final Deque<Placed> questions = new ArrayDeque<>();
  private Place place = Place.FILE;

  /** Where the question stands that was read last; 0 before the first. */
  private long lastLine;

  /** What the parser is inside of. */
  private enum Place {
    FILE,
    ARTICLES,
    ARTICLE,
    PARAGRAPHS,
    END
  }

  /** A question and the line where it begins. */
  private record Placed(QuestionExample question, long line) {}

  /** A question before its paragraph's context is known. */
  private record Asked(
      long line,
      @Nullable String id,
      @Nullable String question,
      List<Found> answers,
      @Nullable Boolean isImpossible) {}

  /** An answer with its start in code points. */
  private record Found(String text, int start) {}

  private SquadReader(Path file, InputStream in) {
    this.file = file;
    this.in = in;
    parser = JsonTree.parser(in);
  }

  /** Opens a file. */
  static SquadReader open(Path file) throws IOException {
    InputStream in = Lines.openFile(file);
    try {
      return new SquadReader(file, in);
    } catch (RuntimeException e) {
      in.close();
      throw e;
    }
  }

  @Override
  public @Nullable QuestionExample read() throws IOException {
    try {
      while (questions.isEmpty() && place != Place.END) {
        advance();
      }
    } catch (JacksonException e) {
      if (e.getCause() instanceof CharConversionException) {
        throw refusalHere("what follows is not UTF-8 text; save the file as UTF-8");
      }
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      long line = e.getLocation() == null ? 1 : Math.max(1, e.getLocation().getLineNr());
      throw new TrainingDataException(
          file,
          line,
          "the file is no JSON: " + Quote.quote(String.valueOf(e.getOriginalMessage())));
    }
    Placed next = questions.poll();
    if (next == null) {
      if (lastLine == 0) {
        throw new TrainingDataException(file, "has no question");
      }
      return null;
    }
    lastLine = next.line();
    return next.question();
  }

  /** Reads a paragraph, or what stands before or after it. */
  private void advance() throws TrainingDataException {
    switch (place) {
      case FILE -> {
        if (parser.currentToken() == null) {
          expect(parser.nextToken(), JsonToken.START_OBJECT, "an object with \"data\"");
        }
        if (seek("data", "a list of articles")) {
          place = Place.ARTICLES;
        } else {
          JsonToken rest = parser.nextToken();
          if (rest != null) {
            throw refusalHere("something follows the end of the data");
          }
          place = Place.END;
        }
      }
      case ARTICLES -> {
        if (opens("an article")) {
          place = Place.ARTICLE;
        } else {
          place = Place.FILE;
        }
      }
      case ARTICLE ->
          place = seek("paragraphs", "a list of paragraphs") ? Place.PARAGRAPHS : Place.ARTICLES;
      case PARAGRAPHS -> {
        if (opens("a paragraph")) {
          paragraph();
        } else {
          place = Place.ARTICLE;
        }
      }
      case END -> {}
    }
  }

  /** Goes on to the list of that name in the object that is open; false at the object's end. */
  private boolean seek(String name, String expected) throws TrainingDataException {
    for (String found = parser.nextName(); found != null; found = parser.nextName()) {
      JsonToken value = parser.nextToken();
      if (found.equals(name)) {
        expect(value, JsonToken.START_ARRAY, expected);
        return true;
      }
      parser.skipChildren();
    }
    return false;
  }

  /** Whether an object begins, not the list's end. */
  private boolean opens(String expected) throws TrainingDataException {
    JsonToken token = parser.nextToken();
    if (token == JsonToken.END_ARRAY) {
      return false;
    }
    expect(token, JsonToken.START_OBJECT, expected);
    return true;
  }

  private void paragraph() throws TrainingDataException {
    long line = line();
    String context = null;
    List<Asked> asked = new ArrayList<>();
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      JsonToken value = parser.nextToken();
      switch (name) {
        case "context" -> context = context(value);
        case "qas" -> {
          expect(value, JsonToken.START_ARRAY, "a list of questions");
          while (opens("a question")) {
            if (asked.size() == MOST_QUESTIONS) {
              throw refusalHere("the paragraph has more than " + MOST_QUESTIONS + " questions");
            }
            asked.add(question());
          }
        }
        default -> parser.skipChildren();
      }
    }
    if (context == null) {
      throw new TrainingDataException(file, line, "the paragraph has no \"context\"");
    }
    CodePointOffsets offsets = new CodePointOffsets(context);
    for (Asked question : asked) {
      questions.add(new Placed(example(question, context, offsets), question.line()));
    }
  }

  private Asked question() throws TrainingDataException {
    long line = line();
    String id = null;
    String question = null;
    List<Found> answers = List.of();
    Boolean isImpossible = null;
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      JsonToken value = parser.nextToken();
      switch (name) {
        case "id" -> id = text(value, "id");
        case "question" -> question = text(value, "question");
        case "answers" -> {
          expect(value, JsonToken.START_ARRAY, "a list of answers");
          answers = answers();
        }
        case "is_impossible" -> {
          if (value != JsonToken.VALUE_TRUE && value != JsonToken.VALUE_FALSE) {
            throw refusalHere("\"is_impossible\" is " + kind(value) + ", not true or false");
          }
          isImpossible = value == JsonToken.VALUE_TRUE;
        }
        default -> parser.skipChildren();
      }
    }
    return new Asked(line, id, question, answers, isImpossible);
  }

  private List<Found> answers() throws TrainingDataException {
    List<Found> answers = new ArrayList<>();
    while (opens("an answer")) {
      if (answers.size() == MOST_ANSWERS) {
        throw refusalHere("the question has more than " + MOST_ANSWERS + " answers");
      }
      String text = null;
      int start = -1;
      for (String name = parser.nextName(); name != null; name = parser.nextName()) {
        JsonToken value = parser.nextToken();
        switch (name) {
          case "text" -> text = text(value, "text");
          case "answer_start" -> {
            expect(value, JsonToken.VALUE_NUMBER_INT, "a whole number as \"answer_start\"");
            start = parser.getIntValue();
          }
          default -> parser.skipChildren();
        }
      }
      if (text == null || start < 0) {
        throw refusalHere("the answer has no \"text\", or no \"answer_start\" of at least 0");
      }
      answers.add(new Found(text, start));
    }
    return answers;
  }

  private QuestionExample example(Asked asked, String context, CodePointOffsets offsets)
      throws TrainingDataException {
    if (asked.id() == null || asked.question() == null) {
      throw new TrainingDataException(
          file,
          asked.line(),
          "the question has no \"" + (asked.id() == null ? "id\"" : "question\""));
    }
    try {
      boolean isImpossible =
          asked.isImpossible() == null ? asked.answers().isEmpty() : asked.isImpossible();
      List<QuestionExample.Answer> answers = new ArrayList<>();
      for (Found answer : asked.answers()) {
        answers.add(new QuestionExample.Answer(answer.text(), offsets.unitOf(answer.start())));
      }
      return new QuestionExample(asked.id(), asked.question(), context, answers, isImpossible);
    } catch (IllegalArgumentException e) {
      throw new TrainingDataException(
          file, asked.line(), "question " + Quote.quote(asked.id()) + ": " + e.getMessage());
    }
  }

  private String context(JsonToken value) throws TrainingDataException {
    String context = text(value, "context");
    if (context.length() > LONGEST_CONTEXT) {
      throw refusalHere("the context is longer than " + LONGEST_CONTEXT + " characters");
    }
    return context;
  }

  private String text(JsonToken value, String name) throws TrainingDataException {
    expect(value, JsonToken.VALUE_STRING, "a text as \"" + name + "\"");
    return parser.getString();
  }

  private void expect(@Nullable JsonToken found, JsonToken expected, String what)
      throws TrainingDataException {
    if (found != expected) {
      throw refusalHere(kind(found) + " stands where " + what + " is expected");
    }
  }

  private static String kind(@Nullable JsonToken token) {
    if (token == null) {
      return "the file's end";
    }
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "a list";
      case VALUE_STRING -> "a text";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
      case VALUE_NULL -> "null";
      case VALUE_TRUE, VALUE_FALSE -> "true or false";
      default -> "an end";
    };
  }

  private long line() {
    return Math.max(1, parser.currentTokenLocation().getLineNr());
  }

  private TrainingDataException refusalHere(String sentence) {
    return new TrainingDataException(file, line(), sentence);
  }

  @Override
  public TrainingDataException refusal(String sentence) {
    return new TrainingDataException(file, lastLine, sentence);
  }

  @Override
  public void close() throws IOException {
    parser.close();
    in.close();
  }
}
