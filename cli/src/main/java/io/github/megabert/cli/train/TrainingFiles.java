// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.train.data.Columns;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The files of examples, and where in them what stands. */
public final class TrainingFiles {
  @Option(
      names = "--train",
      paramLabel = "FILE",
      required = true,
      description =
          "Examples to learn from: .tsv or .csv with a header line, .jsonl; ner: CoNLL's columns;"
              + " answer: SQuAD's JSON; choose: .jsonl; mlm, clm: .txt, a text a line, too.")
  private Path train = Path.of("");

  @Option(
      names = "--validation",
      paramLabel = "FILE",
      description = "Examples that tell the best model. Without it the last one is kept.")
  private @Nullable Path validation;

  @Option(
      names = "--test",
      paramLabel = "FILE",
      description = "Examples that the best model is measured by at the end.")
  private @Nullable Path test;

  @Option(
      names = "--text-column",
      paramLabel = "NAME",
      description = "The column of the text; of words for ner. Default: found by its name.")
  private @Nullable String text;

  @Option(
      names = "--pair-column",
      paramLabel = "NAME",
      description = "The column of a second text. Default: found by its name.")
  private @Nullable String pair;

  @Option(
      names = "--label-column",
      paramLabel = "NAME",
      description = "The column of the label; of tags for ner. Default: found by its name.")
  private @Nullable String label;

  /** What is learnt from. */
  Path train() {
    return train;
  }

  /** What tells the best model. */
  @Nullable Path validation() {
    return validation;
  }

  /** What the best model is measured by. */
  @Nullable Path test() {
    return test;
  }

  /** The columns that are told. */
  Columns columns() {
    return new Columns(text, pair, label);
  }

  /**
   * Checks that the files of a task have the columns that are told.
   *
   * @throws WrongUsage if they have not
   */
  void requireUsedBy(TrainingTask task) {
    String name = "--task " + task.optionName();
    WrongUsage.unless(text == null || task.hasColumns(), "--text-column does not apply to " + name);
    WrongUsage.unless(pair == null || task.hasPairs(), "--pair-column does not apply to " + name);
    WrongUsage.unless(
        label == null || task.hasLabels(), "--label-column does not apply to " + name);
    WrongUsage.unless(
        pair == null || text != null, "--pair-column goes with --text-column: name both");
  }
}
