// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tagged words: CoNLL's columns and JSON lines. */
class WordFilesTest {
  private static final String CONLL_2003 =
      """
      -DOCSTART- -X- -X- O

      EU NNP B-NP B-ORG
      rejects VBZ B-VP O
      German JJ B-NP B-MISC
      . . O O

      -DOCSTART- -X- -X- O

      Peter NNP B-NP B-PER
      Blackburn NNP I-NP I-PER
      """;

  @TempDir Path folder;
  private DataFiles files;

  @BeforeEach
  void open() {
    files = new DataFiles(folder);
  }

  private List<TaggedWords> read(String name, String content, Columns columns) throws IOException {
    return DataFiles.all(files.write(name, content), file -> TrainingData.words(file, columns));
  }

  private String refusal(String name, String content, Columns columns) throws IOException {
    return files.refusal(files.write(name, content), file -> TrainingData.words(file, columns));
  }

  @Test
  void sentencesEndAtEmptyLinesAndTheTagIsTheLastColumn() throws IOException {
    assertEquals(
        List.of(
            new TaggedWords(
                List.of("EU", "rejects", "German", "."), List.of("B-ORG", "O", "B-MISC", "O")),
            new TaggedWords(List.of("Peter", "Blackburn"), List.of("B-PER", "I-PER"))),
        read("t.conll", CONLL_2003, Columns.FOUND));
  }

  @Test
  void columnsAreToldByTheirNumbers() throws IOException {
    assertEquals(
        List.of("NNP", "VBZ", "JJ", "."),
        read("t.txt", CONLL_2003, new Columns("1", null, "2")).getFirst().tags());
    assertEquals(
        "a column of a CoNLL file is told by its number, from 1, not by 'pos'",
        assertThrows(
                IllegalArgumentException.class,
                () -> read("t.txt", CONLL_2003, new Columns(null, null, "pos")))
            .getMessage());
  }

  @Test
  void withTabsSpacesBelongToTheWord() throws IOException {
    assertEquals(
        List.of(new TaggedWords(List.of("New York", "\u00a0"), List.of("B-LOC", "O"))),
        read("t.bio", "New York\tB-LOC\r\n\u00a0\tO\r\n\r\n", Columns.FOUND));
  }

  @Test
  void aBadLineIsNamedByFileAndLine() throws IOException {
    assertEquals(
        "t.conll, line 3: the line has 1 column, 2 are expected as in the lines before",
        refusal("t.conll", "a O\n\nb\n", Columns.FOUND));
    assertEquals(
        "t.conll, line 1: columns found: 1, needed: 2, for a word and its tag",
        refusal("t.conll", "a\n", Columns.FOUND));
    assertEquals(
        "t.conll, line 1: columns found: 2, needed: 5, for a word and its tag",
        refusal("t.conll", "a O\n", new Columns(null, null, "5")));
    assertEquals(
        "t.conll, line 2: the tag is empty", refusal("t.conll", "a\tO\nb\t\n", Columns.FOUND));
    assertEquals(
        "t.conll has no word; a word and its tag a line are expected",
        refusal("t.conll", "-DOCSTART- -X- O O\n\n", Columns.FOUND));
    assertEquals(
        "t.conll, line 65537: the sentence has more than 65536 words;"
            + " an empty line is expected after each sentence",
        refusal("t.conll", "a O\n".repeat(65537), Columns.FOUND));
  }

  @Test
  void jsonLinesHoldLists() throws IOException {
    assertEquals(
        List.of(new TaggedWords(List.of("a", "b"), List.of("O", "3"))),
        read("t.jsonl", "{\"tokens\":[\"a\",\"b\"],\"ner_tags\":[\"O\",3]}\n", Columns.FOUND));
    assertEquals(
        List.of(new TaggedWords(List.of("a"), List.of("O"))),
        read("t.jsonl", "{\"w\":[\"a\"],\"t\":[\"O\"]}\n", new Columns("w", null, "t")));
    assertEquals(
        "t.jsonl, line 2: a sentence of 2 words has 1 tags",
        refusal(
            "t.jsonl",
            "{\"words\":[\"a\"],\"tags\":[\"O\"]}\n{\"words\":[\"a\",\"b\"],\"tags\":[\"O\"]}\n",
            Columns.FOUND));
    assertEquals(
        "t.jsonl, line 1: a sentence has at least one word",
        refusal("t.jsonl", "{\"words\":[],\"tags\":[]}\n", Columns.FOUND));
    assertEquals(
        "t.jsonl, line 1: 'words' is 'a b' where a list of texts is expected",
        refusal("t.jsonl", "{\"words\":\"a b\",\"tags\":[]}\n", Columns.FOUND));
  }
}
