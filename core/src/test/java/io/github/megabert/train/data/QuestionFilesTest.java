// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Questions in SQuAD's format and as JSON lines, and choices. */
class QuestionFilesTest {
  /** As the published 2.0 has it: questions before their context, plausible answers. */
  private static final String SQUAD_2 =
      """
      {"version": "v2.0", "data": [
        {"title": "T", "paragraphs": [
          {"qas": [
             {"question": "Who?", "id": "a", "answers": [
               {"text": "Bob", "answer_start": 2}, {"text": "Bob saw", "answer_start": 2}],
              "is_impossible": false},
             {"plausible_answers": [{"text": "Bob", "answer_start": 2}],
              "question": "When?", "id": "b", "answers": [], "is_impossible": true}],
           "context": "\\ud83d\\ude00 Bob saw it."}]},
        {"title": "U", "paragraphs": []},
        {"paragraphs": [
          {"context": "x y", "qas": []},
          {"context": "x y", "qas": [
             {"id": "c", "question": "?", "answers": [{"answer_start": 2, "text": "y"}]}]}]}]}
      """;

  @TempDir Path folder;
  private DataFiles files;

  @BeforeEach
  void open() {
    files = new DataFiles(folder);
  }

  private String refusal(String name, String content) throws IOException {
    return files.refusal(files.write(name, content), TrainingData::questions);
  }

  private static QuestionExample.Answer answer(String text, int start) {
    return new QuestionExample.Answer(text, start);
  }

  @Test
  void squadIsReadAndItsCodePointsBecomeChars() throws IOException {
    assertEquals(
        List.of(
            new QuestionExample(
                "a",
                "Who?",
                "\ud83d\ude00 Bob saw it.",
                List.of(answer("Bob", 3), answer("Bob saw", 3)),
                false),
            new QuestionExample("b", "When?", "\ud83d\ude00 Bob saw it.", List.of(), true),
            new QuestionExample("c", "?", "x y", List.of(answer("y", 2)), false)),
        DataFiles.all(files.write("t.json", SQUAD_2), TrainingData::questions));
  }

  @Test
  void linesOfTheDatasetsLibraryAreRead() throws IOException {
    String file =
        """
        {"id":"a","question":"Who?","context":"Bob.","answers":{"text":["Bob"],"answer_start":[0]}}
        {"id":"b","question":"When?","context":"Bob.","answers":{"text":[],"answer_start":[]}}
        """;
    assertEquals(
        List.of(
            new QuestionExample("a", "Who?", "Bob.", List.of(answer("Bob", 0)), false),
            new QuestionExample("b", "When?", "Bob.", List.of(), true)),
        DataFiles.all(files.write("t.jsonl", file), TrainingData::questions));
    assertEquals(
        "t.jsonl, line 1: character 5 is outside of the text of 4 characters",
        refusal("t.jsonl", file.replace("[0]", "[5]")));
    assertEquals(
        "t.jsonl, line 1: 'answers' is no object with the lists 'text' and 'answer_start' of one"
            + " length",
        refusal("t.jsonl", file.replace("[0]", "[]")));
  }

  @Test
  void aBadQuestionIsNamedByFileLineAndId() throws IOException {
    assertEquals(
        "t.json, line 4: question 'a': the context does not have the answer 'Bob' at character 4",
        refusal("t.json", SQUAD_2.replaceFirst("\"answer_start\": 2", "\"answer_start\": 3")));
    assertEquals(
        "t.json, line 4: question 'a': character 99 is outside of the text of 13 characters",
        refusal("t.json", SQUAD_2.replaceFirst("\"answer_start\": 2", "\"answer_start\": 99")));
    assertEquals(
        "t.json, line 4: question 'a': an impossible question has no answers, not 2",
        refusal("t.json", SQUAD_2.replace("false", "true")));
    assertEquals(
        "t.json, line 7: question 'b': a question that is not impossible has at least one answer",
        refusal("t.json", SQUAD_2.replace("true", "false")));
    assertEquals(
        "t.json, line 4: the question has no \"id\"",
        refusal("t.json", SQUAD_2.replace("\"id\": \"a\", ", "")));
    assertEquals(
        "t.json, line 3: the paragraph has no \"context\"",
        refusal("t.json", SQUAD_2.replaceFirst("\"context\"", "\"text\"")));
    assertEquals(
        "t.json, line 6: \"is_impossible\" is a text, not true or false",
        refusal("t.json", SQUAD_2.replace("false", "\"no\"")));
    assertEquals(
        "t.json, line 5: a text stands where a whole number as \"answer_start\" is expected",
        refusal("t.json", SQUAD_2.replaceFirst("\"answer_start\": 2", "\"answer_start\": \"2\"")));
  }

  @Test
  void whatIsNotSquadIsRefused() throws IOException {
    assertEquals(
        "t.json, line 1: the file's end stands where an object with \"data\" is expected",
        refusal("t.json", ""));
    assertEquals(
        "t.json, line 1: a list stands where an object with \"data\" is expected",
        refusal("t.json", "[]"));
    assertEquals("t.json has no question", refusal("t.json", "{\"data\": []}"));
    assertEquals("t.json has no question", refusal("t.json", "{\"datum\": [{\"data\": 1}]}"));
    assertEquals(
        "t.json, line 1: a number stands where a list of articles is expected",
        refusal("t.json", "{\"data\": 1}"));
    assertEquals(
        "t.json, line 1: something follows the end of the data",
        refusal("t.json", "{\"data\": []} {}"));
    String cut = refusal("t.json", SQUAD_2.substring(0, 300));
    assertEquals("t.json, line 7: the file is no JSON: '", cut.substring(0, 38));
    assertEquals(
        "t.tsv has another ending than files of questions have: .json (SQuAD's format) and .jsonl",
        refusal("t.tsv", ""));
  }

  @Test
  void choicesAreReadAndABadOneIsNamed() throws IOException {
    String line = "{\"prompt\":\"p\",\"choices\":[\"a\",\"b\"],\"label\":1}\n";
    assertEquals(
        List.of(new ChoiceExample("p", List.of("a", "b"), 1)),
        DataFiles.all(files.write("t.jsonl", line), TrainingData::choices));
    assertEquals(
        "t.jsonl, line 2: the label counts choices from 0 to 1, it is not 2",
        choiceRefusal(line + line.replace("1}", "2}")));
    assertEquals(
        "t.jsonl, line 1: 'label' is '1.0' where the number of a choice, from 0, is expected",
        choiceRefusal(line.replace("1}", "1.0}")));
    assertEquals(
        "t.jsonl, line 1: at least 2 choices are needed, not 1",
        choiceRefusal(line.replace(",\"b\"", "")));
    assertEquals(
        "t.jsonl, line 1: there is no 'prompt' in this row",
        choiceRefusal(line.replace("prompt", "text")));
  }

  private String choiceRefusal(String content) throws IOException {
    return files.refusal(files.write("t.jsonl", content), TrainingData::choices);
  }
}
