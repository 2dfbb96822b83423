// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import java.util.List;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;

/** Gives a vector for every text: an array of floats, or a vector of Spark ML. */
@SuppressWarnings("serial")
public final class MegaBertEmbedder extends MegaBertTransformer<MegaBertEmbedder> {
  private final Param<String> inputCol;
  private final BooleanParam vectors;
  private final BooleanParam normalize;

  /** One without a model; see {@link #setModel}. */
  public MegaBertEmbedder() {
    this(Identifiable$.MODULE$.randomUID("megabert-embedder"));
  }

  /** One of that name, as Spark's reader makes it. */
  public MegaBertEmbedder(String uid) {
    super(uid, LongRow.DEFAULT, "embedding");
    inputCol = new Param<>(this, "inputCol", "column of texts");
    vectors = new BooleanParam(this, "vectors", "whether results are vectors of Spark ML");
    normalize = new BooleanParam(this, "normalize", "whether vectors get length 1");
    defaults(inputCol, "text");
    defaults(vectors, false);
    defaults(normalize, false);
  }

  /** Reads one that was saved. */
  public static MLReader<MegaBertEmbedder> read() {
    return new DefaultParamsReader<>();
  }

  /** Reads one that was saved. */
  public static MegaBertEmbedder load(String path) {
    return read().load(path);
  }

  /** The column of texts. */
  public Param<String> inputCol() {
    return inputCol;
  }

  /** Whether results are vectors of Spark ML. */
  public BooleanParam vectors() {
    return vectors;
  }

  /** Whether vectors get length 1, whatever the model's folder says. */
  public BooleanParam normalize() {
    return normalize;
  }

  /** Sets the column of texts; {@code text} by default. */
  public MegaBertEmbedder setInputCol(String name) {
    return with(inputCol, name);
  }

  /** Sets whether results are vectors of Spark ML, which its algorithms take. */
  public MegaBertEmbedder setVectors(boolean value) {
    return with(vectors, value);
  }

  /** Sets whether vectors get length 1, whatever the model's folder says. */
  public MegaBertEmbedder setNormalize(boolean value) {
    return with(normalize, value);
  }

  @Override
  MegaBertEmbedder self() {
    return this;
  }

  @Override
  List<Param<String>> inputs() {
    return List.of(inputCol);
  }

  @Override
  RowTask<?, ?, ?> task() {
    return new RowTasks.Embedding((boolean) $(vectors), (boolean) $(normalize));
  }
}
