// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import java.util.List;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Finds the answer to every question in its text: {@code struct<answer, score, start, end>}, with
 * places in Unicode code points. Long texts are read in windows, so none is too long, and {@code
 * longText} stays {@code windows}.
 */
@SuppressWarnings("serial")
public final class MegaBertAnswerer extends MegaBertTransformer<MegaBertAnswerer> {
  private static final int MAX_ANSWER_LENGTH = 15;

  private final Param<String> questionCol;
  private final Param<String> contextCol;
  private final IntParam maxAnswerLength;
  private final BooleanParam allowImpossible;

  /** One without a model; see {@link #setModel}. */
  public MegaBertAnswerer() {
    this(Identifiable$.MODULE$.randomUID("megabert-answerer"));
  }

  /** One of that name, as Spark's reader makes it. */
  public MegaBertAnswerer(String uid) {
    super(uid, LongRow.WINDOWS, "answer");
    questionCol = new Param<>(this, "questionCol", "column of questions");
    contextCol = new Param<>(this, "contextCol", "column of texts that hold the answers");
    maxAnswerLength = new IntParam(this, "maxAnswerLength", "tokens of the longest answer");
    allowImpossible = new BooleanParam(this, "allowImpossible", "whether there may be no answer");
    defaults(questionCol, "question");
    defaults(contextCol, "context");
    defaults(maxAnswerLength, MAX_ANSWER_LENGTH);
    defaults(allowImpossible, false);
  }

  /** Reads one that was saved. */
  public static MLReader<MegaBertAnswerer> read() {
    return new DefaultParamsReader<>();
  }

  /** Reads one that was saved. */
  public static MegaBertAnswerer load(String path) {
    return read().load(path);
  }

  /** The column of questions. */
  public Param<String> questionCol() {
    return questionCol;
  }

  /** The column of texts that hold the answers. */
  public Param<String> contextCol() {
    return contextCol;
  }

  /** Tokens of the longest answer. */
  public IntParam maxAnswerLength() {
    return maxAnswerLength;
  }

  /** Whether there may be no answer, which is an empty one. */
  public BooleanParam allowImpossible() {
    return allowImpossible;
  }

  /** Sets the column of questions; {@code question} by default. */
  public MegaBertAnswerer setQuestionCol(String name) {
    return with(questionCol, name);
  }

  /** Sets the column of texts that hold the answers; {@code context} by default. */
  public MegaBertAnswerer setContextCol(String name) {
    return with(contextCol, name);
  }

  /** Sets the tokens of the longest answer; 15 by default. */
  public MegaBertAnswerer setMaxAnswerLength(int value) {
    return with(maxAnswerLength, atLeast("maxAnswerLength", value, 1));
  }

  /** Sets whether there may be no answer, which is an empty one. */
  public MegaBertAnswerer setAllowImpossible(boolean value) {
    return with(allowImpossible, value);
  }

  @Override
  MegaBertAnswerer self() {
    return this;
  }

  @Override
  List<Param<String>> inputs() {
    return List.of(questionCol, contextCol);
  }

  @Override
  RowTask<?, ?, ?> task() {
    if (longRow() != LongRow.WINDOWS) {
      throw new IllegalArgumentException(
          "answers are found in windows of a text, however long it is; longText stays 'windows'");
    }
    return new RowTasks.Answering((int) $(maxAnswerLength), (boolean) $(allowImpossible));
  }
}
