// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Opens files of training data. The ending of a file's name tells its format, in UTF-8:
 *
 * <ul>
 *   <li>{@code .tsv}: a header line, then a row a line whose cells tabs divide; quotation marks are
 *       text;
 *   <li>{@code .csv}: a header line, then rows by RFC 4180, quoted cells and all;
 *   <li>{@code .jsonl}, {@code .ndjson}: a JSON object a line;
 *   <li>{@code .json}: for questions, SQuAD's format, 1.1 or 2.0;
 *   <li>{@code .conll}, {@code .bio}, {@code .iob}, {@code .iob2}, {@code .txt}: for tagged words,
 *       columns as in CoNLL-2003;
 *   <li>{@code .txt}: for texts without labels, a text a line;
 *   <li>any other, for documents: a line a sentence, an empty line between documents.
 * </ul>
 *
 * <p>Readers trust nothing: a line has at most 4 MiB, only regular files are opened, and what is no
 * example is refused with a {@link TrainingDataException} that names file and line.
 */
public final class TrainingData {
  private TrainingData() {}

  /**
   * Texts or pairs of texts, with labels or without.
   *
   * @throws TrainingDataException if the file has another ending or lacks a column
   */
  public static ExampleReader<LabelledText> texts(Path file, Columns columns, LabelKind kind)
      throws IOException {
    if (kind == LabelKind.NONE && ending(file).equals("txt")) {
      return PlainTextReader.open(file);
    }
    return LabelledTextReader.of(textTable(file), columns, kind);
  }

  /**
   * What the labels of a file of texts are: several where a row has a list, numbers where all are
   * and one has a fraction, else one class a row. Reads the whole file.
   */
  public static LabelKind labelKind(Path file, Columns columns) throws IOException {
    return LabelledTextReader.kind(textTable(file), columns);
  }

  /** Sentences of tagged words. */
  public static ExampleReader<TaggedWords> words(Path file, Columns columns) throws IOException {
    return switch (ending(file)) {
      case "jsonl", "ndjson" -> TaggedRowReader.of(JsonLinesTable.open(file), columns);
      case "conll", "bio", "iob", "iob2", "txt" -> ConllReader.open(file, columns);
      default -> throw unknown(file, "tagged words", ".conll, .bio, .iob, .iob2, .txt and .jsonl");
    };
  }

  /** Questions, their contexts and answers. */
  public static ExampleReader<QuestionExample> questions(Path file) throws IOException {
    return switch (ending(file)) {
      case "jsonl", "ndjson" -> new QuestionRowReader(JsonLinesTable.open(file));
      case "json" -> SquadReader.open(file);
      default -> throw unknown(file, "questions", ".json (SQuAD's format) and .jsonl");
    };
  }

  /** Prompts with choices. */
  public static ExampleReader<ChoiceExample> choices(Path file) throws IOException {
    return switch (ending(file)) {
      case "jsonl", "ndjson" -> new ChoiceReader(JsonLinesTable.open(file));
      default -> throw unknown(file, "choices", ".jsonl");
    };
  }

  /**
   * Documents of a corpus: JSON objects of which one key has the text, its lines or a list of
   * sentences; or, in a file with any other ending than {@code .jsonl}, {@code .ndjson} and {@code
   * .json}, lines with an empty one between documents.
   *
   * @param jsonKey the key; a file of lines has none
   */
  public static DocumentReader documents(Path file, String jsonKey) throws IOException {
    return isJson(file)
        ? new JsonDocumentReader(JsonLinesTable.open(file), jsonKey)
        : new TextDocumentReader(Lines.open(file));
  }

  /** Whether the ending of a file's name says that it holds JSON. */
  public static boolean isJson(Path file) {
    return switch (ending(file)) {
      case "jsonl", "ndjson", "json" -> true;
      default -> false;
    };
  }

  private static Table textTable(Path file) throws IOException {
    return switch (ending(file)) {
      case "tsv" -> DelimitedTable.open(file, '\t');
      case "csv" -> DelimitedTable.open(file, ',');
      case "jsonl", "ndjson" -> JsonLinesTable.open(file);
      default -> throw unknown(file, "texts", ".tsv, .csv and .jsonl");
    };
  }

  private static String ending(Path file) {
    @Nullable Path last = file.getFileName();
    String name = last == null ? "" : last.toString();
    return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
  }

  private static TrainingDataException unknown(Path file, String what, String endings) {
    return new TrainingDataException(
        file, "has another ending than files of " + what + " have: " + endings);
  }
}
