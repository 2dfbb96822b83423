// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import java.util.List;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/** Gives the class of every text: {@code struct<label, score, scores: map<label, score>>}. */
@SuppressWarnings("serial")
public final class MegaBertClassifier extends MegaBertTransformer<MegaBertClassifier> {
  private final Param<String> inputCol;
  private final BooleanParam rawScores;

  /** One without a model; see {@link #setModel}. */
  public MegaBertClassifier() {
    this(Identifiable$.MODULE$.randomUID("megabert-classifier"));
  }

  /** One of that name, as Spark's reader makes it. */
  public MegaBertClassifier(String uid) {
    super(uid, LongRow.REFUSE, "classification");
    inputCol = new Param<>(this, "inputCol", "column of texts");
    rawScores = new BooleanParam(this, "rawScores", "whether scores are logits");
    defaults(inputCol, "text");
    defaults(rawScores, false);
  }

  /** Reads one that was saved. */
  public static MLReader<MegaBertClassifier> read() {
    return new DefaultParamsReader<>();
  }

  /** Reads one that was saved. */
  public static MegaBertClassifier load(String path) {
    return read().load(path);
  }

  /** The column of texts. */
  public Param<String> inputCol() {
    return inputCol;
  }

  /** Whether scores are logits rather than probabilities. */
  public BooleanParam rawScores() {
    return rawScores;
  }

  /** Sets the column of texts; {@code text} by default. */
  public MegaBertClassifier setInputCol(String name) {
    return with(inputCol, name);
  }

  /** Sets whether scores are logits rather than probabilities. */
  public MegaBertClassifier setRawScores(boolean value) {
    return with(rawScores, value);
  }

  @Override
  MegaBertClassifier self() {
    return this;
  }

  @Override
  List<Param<String>> inputs() {
    return List.of(inputCol);
  }

  @Override
  RowTask<?, ?, ?> task() {
    if (longRow() == LongRow.WINDOWS) {
      throw new IllegalArgumentException(
          "a text is classified as a whole: choose another longText than 'windows'");
    }
    return new RowTasks.Classification((boolean) $(rawScores));
  }
}
