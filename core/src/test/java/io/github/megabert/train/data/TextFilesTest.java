// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Texts with labels: tabs, commas, JSON lines. */
class TextFilesTest {
  @TempDir Path folder;
  private DataFiles files;

  @BeforeEach
  void open() {
    files = new DataFiles(folder);
  }

  private List<LabelledText> read(String name, String content, Columns columns, LabelKind kind)
      throws IOException {
    return DataFiles.all(
        files.write(name, content), file -> TrainingData.texts(file, columns, kind));
  }

  private String refusal(String name, String content) throws IOException {
    return refusal(files.write(name, content), Columns.FOUND, LabelKind.LABEL);
  }

  private String refusal(Path path, Columns columns, LabelKind kind) {
    return files.refusal(path, file -> TrainingData.texts(file, columns, kind));
  }

  private static LabelledText pair(String text, String pair, String label) {
    return new LabelledText(text, pair, new Target.Label(label));
  }

  @Test
  void tabsDivideCellsAndQuotationMarksAreText() throws IOException {
    assertEquals(
        List.of(new LabelledText("\"a, b\" c", "x"), new LabelledText("d\"", "y")),
        read("t.tsv", "label\ttext\nx\t\"a, b\" c\ny\td\"\n", Columns.FOUND, LabelKind.LABEL));
  }

  @Test
  void quotedCellsHoldCommasLineEndsAndMarks() throws IOException {
    String file = "text,label\r\n\"a, \"\"b\"\"\r\nc\",x\r\n\"\",\"y\"\r\n d ,z";
    assertEquals(
        List.of(
            new LabelledText("a, \"b\"\nc", "x"),
            new LabelledText("", "y"),
            new LabelledText(" d ", "z")),
        read("t.csv", file, Columns.FOUND, LabelKind.LABEL));
  }

  @Test
  void emptyLinesAndAByteOrderMarkArePassedOver() throws IOException {
    assertEquals(
        List.of(new LabelledText("a", "x"), new LabelledText("b", "y")),
        read("t.tsv", "\uFEFFtext\tlabel\n\na\tx\n\n\nb\ty\n\n", Columns.FOUND, LabelKind.LABEL));
  }

  @Test
  void columnsAreFoundByTheNamesOfPublishedDataSets() throws IOException {
    assertEquals(
        List.of(pair("a", "b", "1")),
        read(
            "t.tsv",
            "id\tpremise\thypothesis\tlabel\n7\ta\tb\t1\n",
            Columns.FOUND,
            LabelKind.LABEL));
    assertEquals(
        List.of(pair("a", "b", "1")),
        read(
            "t.csv",
            "question,sentence,label\na,b,1\n",
            new Columns("question", "sentence", null),
            LabelKind.LABEL));
    assertEquals(
        List.of(new LabelledText("a", "1")),
        read(
            "t.tsv",
            "sentence1\tsentence2\tlabel\na\tb\t1\n",
            new Columns("sentence1", null, null),
            LabelKind.LABEL));
  }

  @Test
  void columnsThatAreToldAreTaken() throws IOException {
    assertEquals(
        List.of(pair("d", "w", "n")),
        read(
            "t.tsv",
            "kind\tword\tdefinition\nn\tw\td\n",
            new Columns("definition", "word", "kind"),
            LabelKind.LABEL));
  }

  @Test
  void jsonLinesHaveLabelsOfEveryKind() throws IOException {
    assertEquals(
        List.of(new LabelledText("a\n\uD83D\uDE00", "x"), new LabelledText("b", "1")),
        read(
            "t.jsonl",
            "{\"text\":\"a\\n\\uD83D\\uDE00\",\"label\":\"x\"}\n\n{\"label\":1,\"text\":\"b\"}",
            Columns.FOUND,
            LabelKind.LABEL));
    assertEquals(
        List.of(new Target.Labels(List.of("x", "2")), new Target.Labels(List.of())),
        targets(
            "t.jsonl",
            "{\"text\":\"a\",\"labels\":[\"x\",2,\"x\"]}\n{\"text\":\"b\",\"labels\":[]}\n",
            LabelKind.LABELS));
    assertEquals(
        List.of(new Target.Value(-0.5), new Target.Value(3)),
        targets(
            "t.jsonl",
            "{\"text\":\"a\",\"score\":-0.5}\n{\"text\":\"b\",\"score\":3}\n",
            LabelKind.VALUE));
  }

  private List<Target> targets(String name, String content, LabelKind kind) throws IOException {
    return read(name, content, Columns.FOUND, kind).stream().map(LabelledText::target).toList();
  }

  @Test
  void cellsHoldSeveralLabelsOrANumber() throws IOException {
    assertEquals(
        List.of(new Target.Labels(List.of("x", "y")), new Target.Labels(List.of())),
        targets("t.tsv", "text\tlabels\na\tx, y,x\nb\t\n", LabelKind.LABELS));
    assertEquals(
        List.of(new Target.Value(0.25), new Target.Value(-3e2), new Target.Value(0.5)),
        targets("t.tsv", "text\tscore\na\t0.25\nb\t-3e2\nc\t.5\n", LabelKind.VALUE));
  }

  @Test
  void withoutLabelsOnlyTextsAreRead() throws IOException {
    assertEquals(
        List.of(new LabelledText("a", null, null)),
        read("t.csv", "text,label\na,\n", Columns.FOUND, LabelKind.NONE));
    assertEquals(
        List.of(new LabelledText("a b", null, null), new LabelledText("c", null, null)),
        read("t.txt", "a b\r\n\n  \nc", Columns.FOUND, LabelKind.NONE));
  }

  @Test
  void labelsTellTheirKind() throws IOException {
    assertEquals(LabelKind.LABEL, kind("t.tsv", "text\tlabel\na\t1\nb\t2\n"));
    assertEquals(LabelKind.LABEL, kind("t.tsv", "text\tlabel\na\t1.5\nb\tx\n"));
    assertEquals(LabelKind.VALUE, kind("t.tsv", "text\tlabel\na\t1\nb\t2.5\n"));
    assertEquals(LabelKind.LABELS, kind("t.jsonl", "{\"text\":\"a\",\"label\":[]}"));
    assertEquals(LabelKind.VALUE, kind("t.jsonl", "{\"text\":\"a\",\"label\":1.0}"));
    assertEquals(LabelKind.LABEL, kind("t.jsonl", "{\"text\":\"a\",\"label\":1}"));
  }

  private LabelKind kind(String name, String content) throws IOException {
    return TrainingData.labelKind(files.write(name, content), Columns.FOUND);
  }

  @Test
  void aBadRowIsNamedByFileAndLine() throws IOException {
    assertEquals(
        "t.tsv, line 3: the row has 3 columns, 2 are expected as in the header line",
        refusal("t.tsv", "text\tlabel\na\tx\nb\ty\tz\n"));
    assertEquals(
        "t.tsv, line 2: the row has 1 column, 2 are expected as in the header line",
        refusal("t.tsv", "text\tlabel\na\n"));
    assertEquals(
        "t.tsv, line 2: the label in 'label' is empty", refusal("t.tsv", "text\tlabel\na\t\n"));
    assertEquals(
        "t.csv, line 4: the row has 1 column, 2 are expected as in the header line",
        refusal("t.csv", "text,label\n\"a\nb\",x\nc\n"));
    assertEquals(
        "t.csv, line 2: a quotation mark stands in a cell without quotation marks around it:"
            + " 'a \"b\"'",
        refusal("t.csv", "text,label\na \"b\",x\n"));
    assertEquals(
        "t.csv, line 2: text follows a cell's closing quotation mark: a mark inside is doubled",
        refusal("t.csv", "text,label\n\"a\"b,x\n"));
    assertEquals(
        "t.csv, line 2: a quotation mark opens a cell that does not end before the file does",
        refusal("t.csv", "text,label\n\"a,x\nb,y\n"));
    assertEquals(
        "t.jsonl, line 2: there is no 'text' in this row",
        refusal("t.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n{\"label\":\"x\"}\n"));
    assertEquals(
        "t.jsonl, line 1: 'text' is 'null' where a text is expected",
        refusal("t.jsonl", "{\"text\":null,\"label\":\"x\"}\n"));
    assertEquals(
        "t.jsonl, line 1: 'label' is '1.5' where one label is expected",
        refusal("t.jsonl", "{\"text\":\"a\",\"label\":1.5}\n"));
    assertEquals(
        "t.jsonl, line 2: '[1]' is no JSON object, as every line shall be one",
        refusal("t.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n[1]\n"));
    assertEquals(
        "t.tsv, line 2: 'label' is 'NaN' where a number is expected",
        refusal(files.write("t.tsv", "text\tlabel\na\tNaN\n"), Columns.FOUND, LabelKind.VALUE));
  }

  @Test
  void brokenJsonIsNamedByFileAndLine() throws IOException {
    String refusal = refusal("t.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\"\n");
    assertEquals("t.jsonl, line 2: the line is no JSON object: '", refusal.substring(0, 46));
    assertEquals(1, refusal.lines().count());
  }

  @Test
  void aFileThatIsNoTableIsRefused() throws IOException {
    assertEquals(
        "t.tsv is empty; a header line and a row an example are expected", refusal("t.tsv", ""));
    assertEquals("t.csv has a header line but no row after it", refusal("t.csv", "text,label\n\n"));
    assertEquals("t.jsonl is empty; a JSON object a line is expected", refusal("t.jsonl", "\n"));
    assertEquals(
        "t.txt is empty; a text a line is expected",
        refusal(files.write("t.txt", "\n \n"), Columns.FOUND, LabelKind.NONE));
    assertEquals(
        "t.tsv, line 1: the header has two columns 'text'", refusal("t.tsv", "text\ttext\nx\ty\n"));
    assertEquals(
        "t.tsv has no column for the text that is known by its name; name one of its columns:"
            + " 'label, word'",
        refusal("t.tsv", "label\tword\nx\ty\n"));
    assertEquals(
        "t.tsv has no column 'txt'; its columns are 'text, label'",
        refusal(
            files.write("t.tsv", "text\tlabel\nx\ty\n"),
            new Columns("txt", null, null),
            LabelKind.LABEL));
    assertEquals(
        "t.parquet has another ending than files of texts have: .tsv, .csv and .jsonl",
        refusal("t.parquet", "PAR1"));
  }

  @Test
  void onlyFilesOfTextAreOpened() throws IOException {
    Path missing = folder.resolve("missing.tsv");
    assertEquals("there is no file missing.tsv", refusal(missing, Columns.FOUND, LabelKind.LABEL));
    Path inner = Files.createDirectory(folder.resolve("inner.tsv"));
    assertEquals(
        "inner.tsv is a folder where a file was expected",
        refusal(inner, Columns.FOUND, LabelKind.LABEL));
    Path device = Files.createSymbolicLink(folder.resolve("zero.tsv"), Path.of("/dev/zero"));
    assertEquals(
        "zero.tsv is a pipe or a device where a file was expected; copy its content into a file",
        refusal(device, Columns.FOUND, LabelKind.LABEL));
  }

  /** Each would wait for its writer for ever. */
  @Test
  @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void noReaderOpensAPipe() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    refusesPipe(pipe, "p.tsv", path -> TrainingData.texts(path, Columns.FOUND, LabelKind.LABEL));
    refusesPipe(pipe, "p.conll", path -> TrainingData.words(path, Columns.FOUND));
    refusesPipe(pipe, "p.json", TrainingData::questions);
    refusesPipe(pipe, "p.jsonl", TrainingData::choices);
    TrainingDataException refusal =
        assertThrows(TrainingDataException.class, () -> PlainTextReader.open(pipe));
    assertTrue(String.valueOf(refusal.getMessage()).contains("is a pipe or a device"));
  }

  private <E extends Example> void refusesPipe(Path pipe, String name, DataFiles.Opener<E> reader)
      throws IOException {
    Path named = Files.createSymbolicLink(folder.resolve(name), pipe);
    assertEquals(
        name + " is a pipe or a device where a file was expected; copy its content into a file",
        files.refusal(named, reader));
  }

  @Test
  void whatIsNotUtf8IsRefusedWithItsPlace() throws IOException {
    Path latin =
        Files.write(
            folder.resolve("t.tsv"),
            "text\tlabel\na\tx\ncaf\u00e9\ty\n".getBytes(StandardCharsets.ISO_8859_1));
    assertEquals(
        "t.tsv, line 3: byte 4 of the line, 0xE9, is not UTF-8; save the file as UTF-8",
        refusal(latin, Columns.FOUND, LabelKind.LABEL));
    Path wide = Files.write(folder.resolve("t.tsv"), "text\n".getBytes(StandardCharsets.UTF_16));
    assertEquals(
        "t.tsv, line 1: byte 1 of the line, 0xFE, is not UTF-8 but the mark of UTF-16;"
            + " save the file as UTF-8",
        refusal(wide, Columns.FOUND, LabelKind.LABEL));
    Path cut =
        Files.write(
            folder.resolve("t.tsv"),
            new byte[] {'t', 'e', 'x', 't', '\t', 'l', 'a', 'b', 'e', 'l', '\n', (byte) 0xE2, 'a'});
    assertEquals(
        "t.tsv, line 2: byte 1 of the line, 0xE2, is not UTF-8; save the file as UTF-8",
        refusal(cut, Columns.FOUND, LabelKind.LABEL));
  }

  @Test
  void linesAndCellsWithoutEndAreRefused() throws IOException {
    String long4 = "a".repeat(Lines.LONGEST);
    assertEquals(
        List.of(new LabelledText(long4.substring(2), "x")),
        read(
            "t.tsv",
            "text\tlabel\n" + long4.substring(2) + "\tx\n",
            Columns.FOUND,
            LabelKind.LABEL));
    assertEquals(
        "t.tsv, line 2: the line is longer than 4194304 bytes;"
            + " is this a text file of one row a line?",
        refusal("t.tsv", "text\tlabel\n" + long4 + "\tx\n"));
    assertEquals(
        "t.csv, line 2: a quotation mark opens a cell that is longer than 4194304 characters;"
            + " is it closed?",
        refusal("t.csv", "text,label\n\"" + "a,b\n".repeat(Lines.LONGEST / 4) + "\n"));
    assertEquals(
        "t.csv, line 1: the row has more than 1024 columns", refusal("t.csv", ",".repeat(2000)));
  }
}
