// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.megabert.testing.RandomInput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a file holds, it is read or refused in one sentence that names it. */
class MutatedDataTest {
  private static final int TRIES = Integer.getInteger("megabert.fuzz.tries", 200);

  @TempDir Path folder;

  @Test
  void rowsComeBackAsTheyWereQuoted() {
    RandomInput.check(
        TRIES,
        input -> {
          List<LabelledText> rows = new ArrayList<>();
          StringBuilder file = new StringBuilder("text,pair,label\n");
          for (int i = input.between(1, 5); i > 0; i--) {
            String text = input.textOf("a\"\n, é", 12);
            String pair = input.textOf("b\",\n", 6);
            rows.add(new LabelledText(text, pair, new Target.Label("x")));
            file.append(quoted(text)).append(',').append(quoted(pair)).append(",x\n");
          }
          Path csv = Files.writeString(folder.resolve("t.csv"), file);
          assertEquals(
              rows,
              DataFiles.all(csv, path -> TrainingData.texts(path, Columns.FOUND, LabelKind.LABEL)));
        });
  }

  private static String quoted(String text) {
    return '"' + text.replace("\"", "\"\"") + '"';
  }

  @Test
  void texts() throws IOException {
    mutate(
        "t.tsv",
        "text\tlabel\na \"b\"\tx\nc, d\ty\n",
        path -> TrainingData.texts(path, Columns.FOUND, LabelKind.LABEL));
    mutate(
        "t.csv",
        "text,label\n\"c, \"\"d\"\"\ne\",y\nf,z\n",
        path -> TrainingData.texts(path, Columns.FOUND, LabelKind.LABEL));
    mutate(
        "t.jsonl",
        "{\"text\":\"a\\u00e9\",\"label\":[\"x\",1]}\n{\"text\":\"\",\"label\":[]}\n",
        path -> TrainingData.texts(path, Columns.FOUND, LabelKind.LABELS));
    mutate(
        "t.jsonl",
        "{\"text\":\"a\",\"label\":1.5}\n{\"text\":\"b\",\"label\":\"2e5\"}\n",
        path -> TrainingData.texts(path, Columns.FOUND, LabelKind.VALUE));
  }

  @Test
  void words() throws IOException {
    mutate(
        "t.conll",
        "-DOCSTART- -X- O\n\nEU NNP B-ORG\nrejects VBZ O\n\nPeter NNP B-PER\n",
        path -> TrainingData.words(path, Columns.FOUND));
    mutate(
        "t.jsonl",
        "{\"words\":[\"a\",\"b\"],\"tags\":[\"O\",1]}\n",
        path -> TrainingData.words(path, Columns.FOUND));
  }

  @Test
  void questionsAndChoices() throws IOException {
    mutate(
        "t.json",
        "{\"data\":[{\"paragraphs\":[{\"context\":\"x y\",\"qas\":[{\"id\":\"a\",\"question\":"
            + "\"?\",\"answers\":[{\"text\":\"y\",\"answer_start\":2}],\"is_impossible\":false}"
            + "]}]}]}",
        TrainingData::questions);
    mutate(
        "t.jsonl",
        "{\"id\":\"a\",\"question\":\"?\",\"context\":\"x y\",\"answers\":{\"text\":[\"y\"],"
            + "\"answer_start\":[2]}}\n",
        TrainingData::questions);
    mutate(
        "t.jsonl",
        "{\"prompt\":\"p\",\"choices\":[\"a\",\"b\"],\"label\":1}\n",
        TrainingData::choices);
  }

  private <E extends Example> void mutate(String name, String intact, DataFiles.Opener<E> opener)
      throws IOException {
    Path file = Files.writeString(folder.resolve(name), intact);
    assertTrue(DataFiles.all(file, opener).size() > 0);
    byte[] bytes = intact.getBytes(StandardCharsets.UTF_8);
    int[] refused = new int[1];
    RandomInput.check(
        TRIES,
        input -> {
          byte[] mutated = bytes.clone();
          for (int i = input.between(1, 4); i > 0; i--) {
            mutated[input.between(0, mutated.length - 1)] =
                input.of(
                    (byte) '"',
                    (byte) '\n',
                    (byte) ',',
                    (byte) '\t',
                    (byte) '{',
                    (byte) ']',
                    (byte) '9',
                    (byte) 0,
                    (byte) input.between(0, 255));
          }
          Files.write(file, mutated);
          try {
            DataFiles.all(file, opener);
          } catch (TrainingDataException e) {
            refused[0]++;
            String message = String.valueOf(e.getMessage());
            assertTrue(message.startsWith(file.toString()), message);
            assertEquals(1, message.lines().count(), message);
            assertTrue(message.length() < 500 + file.toString().length(), message);
          }
        });
    assertTrue(
        refused[0] > TRIES / 10 || System.getProperty("megabert.test.seed") != null,
        "refused: " + refused[0]);
  }
}
