// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import io.github.megabert.task.TokenClassification.Aggregation;
import java.util.List;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/**
 * Gives the entities of every text: {@code array<struct<label, score, word, start, end>>}, with
 * places in Unicode code points.
 */
@SuppressWarnings("serial")
public final class MegaBertTagger extends MegaBertTransformer<MegaBertTagger> {
  private final Param<String> inputCol;
  private final Param<String> aggregation;

  /** One without a model; see {@link #setModel}. */
  public MegaBertTagger() {
    this(Identifiable$.MODULE$.randomUID("megabert-tagger"));
  }

  /** One of that name, as Spark's reader makes it. */
  public MegaBertTagger(String uid) {
    super(uid, LongRow.WINDOWS, "entities");
    inputCol = new Param<>(this, "inputCol", "column of texts");
    aggregation = new Param<>(this, "aggregation", "none, simple, first, average or max");
    defaults(inputCol, "text");
    defaults(aggregation, "simple");
  }

  /** Reads one that was saved. */
  public static MLReader<MegaBertTagger> read() {
    return new DefaultParamsReader<>();
  }

  /** Reads one that was saved. */
  public static MegaBertTagger load(String path) {
    return read().load(path);
  }

  /** The column of texts. */
  public Param<String> inputCol() {
    return inputCol;
  }

  /** How tokens become entities. */
  public Param<String> aggregation() {
    return aggregation;
  }

  /** Sets the column of texts; {@code text} by default. */
  public MegaBertTagger setInputCol(String name) {
    return with(inputCol, name);
  }

  /**
   * Sets how tokens become entities: {@code none}, {@code simple} (the default), {@code first},
   * {@code average} or {@code max}.
   *
   * @throws IllegalArgumentException if it is none of these
   */
  public MegaBertTagger setAggregation(String value) {
    return with(aggregation, parameter(of(value)));
  }

  private static Aggregation of(String parameter) {
    return choice("aggregation", Aggregation.values(), parameter);
  }

  @Override
  MegaBertTagger self() {
    return this;
  }

  @Override
  List<Param<String>> inputs() {
    return List.of(inputCol);
  }

  @Override
  RowTask<?, ?, ?> task() {
    if (of($(aggregation)) == Aggregation.NONE && longRow() == LongRow.WINDOWS) {
      throw new IllegalArgumentException(
          "windows overlap, so their tokens have to be joined: choose another aggregation than"
              + " 'none', or another longText than 'windows'");
    }
    return new RowTasks.Tagging(of($(aggregation)));
  }
}
