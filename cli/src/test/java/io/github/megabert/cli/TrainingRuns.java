// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli;

import io.github.megabert.train.log.MetricsLine;
import io.github.megabert.train.log.MetricsLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A tiny model, texts for it, and the command lines that train it. */
final class TrainingRuns {
  /** A model of two layers with a classifier of three labels and random weights. */
  static final Path MODEL =
      Path.of(
              "..",
              "core",
              "src",
              "test",
              "resources",
              "fixtures",
              "transformers",
              "MegatronBertForSequenceClassification")
          .toAbsolutePath()
          .normalize();

  /** Its vocabulary. */
  static final Path WORDS = Path.of("..", "docs", "session", "vocab.txt").toAbsolutePath();

  private static final List<String> SUBJECTS = List.of("anna", "ben", "a cat", "a dog");
  private static final List<String> VERBS = List.of("visited", "slept in", "flew to");

  /** The configuration of a tiny model with the embedded model's vocabulary. */
  static final String TINY =
      """
      {"model_type": "megatron-bert", "vocab_size": 8192, "hidden_size": 16,
       "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
       "max_position_embeddings": 64}
      """;

  private TrainingRuns() {}

  /** Writes texts whose verb tells the label: twelve in all. */
  static Path texts(Path file) throws IOException {
    StringBuilder rows = new StringBuilder("text\tlabel\n");
    for (int i = 0; i < 12; i++) {
      rows.append(SUBJECTS.get(i % 4))
          .append(' ')
          .append(VERBS.get(i % 3))
          .append(" rome\tLABEL_")
          .append(i % 3)
          .append('\n');
    }
    return Files.writeString(file, rows);
  }

  /** A command line that trains the tiny model on texts, with dropout, and what follows. */
  static String[] finetune(Path texts, Path output, String... more) {
    List<String> line =
        new ArrayList<>(
            List.of(
                "finetune",
                "--task",
                "classify",
                "--model",
                MODEL.toString(),
                "--vocab",
                WORDS.toString(),
                "--train",
                texts.toString(),
                "--output",
                output.toString(),
                "--batch-size",
                "5",
                "--dropout",
                "0.1"));
    line.addAll(List.of(more));
    if (!line.contains("--learning-rate")) {
      line.addAll(List.of("--learning-rate", "1e-3"));
    }
    return line.toArray(String[]::new);
  }

  /** A run's metrics, without what is measured by the clock. */
  static List<MetricsLine> metrics(Path output) throws IOException {
    List<MetricsLine> lines = new ArrayList<>();
    for (MetricsLine line : MetricsLog.read(output.resolve("metrics.jsonl"))) {
      lines.add(
          switch (line) {
            case MetricsLine.Step step ->
                new MetricsLine.Step(
                    step.step(),
                    step.epoch(),
                    step.loss(),
                    step.learningRate(),
                    step.gradNorm(),
                    0);
            case MetricsLine.Evaluation evaluation -> evaluation;
          });
    }
    return lines;
  }
}
