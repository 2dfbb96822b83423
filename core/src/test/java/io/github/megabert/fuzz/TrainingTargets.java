// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.fuzz;

import io.github.megabert.train.RunStates;
import io.github.megabert.train.data.Columns;
import io.github.megabert.train.data.Example;
import io.github.megabert.train.data.ExampleReader;
import io.github.megabert.train.data.LabelKind;
import io.github.megabert.train.data.TrainingData;
import io.github.megabert.train.log.MetricsLine;
import io.github.megabert.train.log.MetricsLog;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Readers of training: data of every kind, a run's state and its metrics. */
final class TrainingTargets {
  private static final Path LEXNAME =
      Path.of("..", "cli", "src", "test", "resources", "lexname", "validation.tsv");

  private static final String CSV =
      "text,pair,label\n\"c, \"\"d\"\"\ne\",é 😀,y\nf,\"\",z\r\n\"g\",h,\"1,5\"\n";
  private static final String JSON_LINES =
      """
      {"text": "a\\u00e9", "label": ["x", 1]}

      {"text": "", "label": []}
      """;
  private static final String NUMBERS =
      """
      {"text": "a", "label": 1.5}
      {"text": "b", "label": "2e5"}
      """;
  private static final String CONLL =
      """
      -DOCSTART- -X- O

      EU NNP B-ORG
      rejects VBZ O

      Peter NNP B-PER
      Blackburn NNP I-PER
      """;
  private static final String TAGGED =
      """
      {"words": ["a", "b"], "tags": ["O", 1]}
      {"words": ["😀"], "tags": ["B-x"]}
      """;
  private static final String SQUAD =
      """
      {"version": "v2.0", "data": [{"title": "t", "paragraphs": [
       {"context": "😀 Bob saw it in 1999.", "qas": [
        {"id": "a", "question": "Who?", "is_impossible": false,
         "answers": [{"text": "Bob", "answer_start": 2}, {"text": "Bob", "answer_start": 2}]},
        {"id": "b", "question": "Why?", "answers": [], "is_impossible": true}]},
       {"qas": [{"id": "c", "question": "?", "answers": [{"answer_start": 2, "text": "y"}]}],
        "context": "x y"}]}]}
      """;
  private static final String QUESTIONS =
      "{\"id\": \"a\", \"question\": \"?\", \"context\": \"x y\","
          + " \"answers\": {\"text\": [\"y\"], \"answer_start\": [2]}}\n";
  private static final String CHOICES =
      """
      {"prompt": "p", "choices": ["a", "b"], "label": 1}
      {"prompt": "q", "choices": ["c", "d", "e"], "label": 0}
      """;

  private TrainingTargets() {}

  static List<FuzzTarget> all() throws IOException {
    String tsv = Files.readString(LEXNAME);
    return List.of(
        data(
            "training-tsv",
            "t.tsv",
            tsv,
            Mutations::bytes,
            path ->
                TrainingData.texts(
                    path, new Columns("definition", null, "label"), LabelKind.LABEL)),
        data(
            "training-csv",
            "t.csv",
            CSV,
            Mutations::bytes,
            path -> TrainingData.texts(path, Columns.FOUND, LabelKind.LABEL)),
        data(
            "training-json-lines",
            "t.jsonl",
            JSON_LINES,
            Mutations::json,
            path -> TrainingData.texts(path, Columns.FOUND, LabelKind.LABELS)),
        data(
            "training-numbers",
            "t.jsonl",
            NUMBERS,
            Mutations::json,
            path -> TrainingData.texts(path, Columns.FOUND, LabelKind.VALUE)),
        data(
            "training-conll",
            "t.conll",
            CONLL,
            Mutations::bytes,
            path -> TrainingData.words(path, Columns.FOUND)),
        data(
            "training-words",
            "t.jsonl",
            TAGGED,
            Mutations::json,
            path -> TrainingData.words(path, Columns.FOUND)),
        data("training-squad", "t.json", SQUAD, Mutations::json, TrainingData::questions),
        data("training-questions", "t.jsonl", QUESTIONS, Mutations::json, TrainingData::questions),
        data("training-choices", "t.jsonl", CHOICES, Mutations::json, TrainingData::choices),
        FuzzTarget.alone(
            "run-state",
            "state.json",
            List.of(written("state.json", RunStates::write)),
            Mutations::json,
            (folder, input) -> RunStates.read(input)),
        FuzzTarget.alone(
            "run-metrics",
            "metrics.jsonl",
            List.of(written("metrics.jsonl", TrainingTargets::writeMetrics)),
            Mutations::json,
            (folder, input) -> readMetrics(input)));
  }

  private static void readMetrics(Path log) throws IOException {
    Path copy = log.resolveSibling("resumed.jsonl");
    Files.copy(log, copy, StandardCopyOption.REPLACE_EXISTING);
    MetricsLog.resume(copy, 1).close();
    MetricsLog.read(log);
  }

  /** Opens a reader of examples. */
  private interface Opener<E extends Example> {
    ExampleReader<E> open(Path file) throws IOException;
  }

  private static <E extends Example> FuzzTarget data(
      String name, String file, String seed, FuzzTarget.Mutation mutation, Opener<E> opener) {
    return FuzzTarget.alone(
        name,
        file,
        List.of(seed.getBytes(StandardCharsets.UTF_8)),
        mutation,
        (folder, input) -> {
          try (ExampleReader<E> reader = opener.open(input)) {
            while (reader.read() != null) {}
          }
        });
  }

  /** Writes a file. */
  private interface Writer {
    void write(Path file) throws IOException;
  }

  private static byte[] written(String name, Writer writer) throws IOException {
    Path folder = Files.createTempDirectory("megabert-fuzz");
    Path file = folder.resolve(name);
    writer.write(file);
    byte[] bytes = Files.readAllBytes(file);
    Files.delete(file);
    Files.delete(folder);
    return bytes;
  }

  private static void writeMetrics(Path file) throws IOException {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("loss", 2.0);
    metrics.put("accuracy", 0.5);
    try (MetricsLog log = MetricsLog.create(file)) {
      log.append(new MetricsLine.Step(1, 0.5, 2.25, 1e-4, 1.5, 1000));
      log.append(new MetricsLine.Evaluation(1, MetricsLine.Split.VALIDATION, metrics));
      log.append(new MetricsLine.Step(2, 1, Double.NaN, 0, 3.5, 900));
      log.append(new MetricsLine.Evaluation(2, MetricsLine.Split.TEST, metrics));
    }
  }
}
