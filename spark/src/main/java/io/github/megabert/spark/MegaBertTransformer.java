// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * What the transformers have in common: a model, columns of texts, and a column that they add. The
 * tasks of an application in a process share an open model if its place, threads and tokens of a
 * batch are the same.
 *
 * <p>A column of texts holds strings, or arrays of strings, to which the result is an array. A null
 * has null for its result. The model is a {@link #setModel path} that every machine has, or a
 * {@link #setModelFile name} among Spark's files.
 *
 * @param <T> the transformer itself, which its setters return
 */
@SuppressWarnings("serial") // Spark's own fields; what is sent to executors is PartitionTask.
public abstract sealed class MegaBertTransformer<T extends MegaBertTransformer<T>>
    extends Transformer implements DefaultParamsWritable
    permits MegaBertEmbedder, MegaBertClassifier, MegaBertTagger, MegaBertAnswerer {
  private static final int BATCH_TOKENS = 4096;

  /** How an address begins; a drive of Windows has one letter. */
  private static final Pattern ADDRESS = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:/");

  private final String uid;
  private final Param<String> model;
  private final Param<String> modelFile;
  private final Param<String> outputCol;
  private final Param<String> longText;
  private final IntParam batchTokens;
  private final IntParam threads;

  MegaBertTransformer(String uid, LongRow longRow, String output) {
    this.uid = uid;
    model = new Param<>(this, "model", "path of the model, which every machine has");
    modelFile = new Param<>(this, "modelFile", "name of the model among Spark's files");
    outputCol = new Param<>(this, "outputCol", "column that is added");
    longText =
        new Param<>(
            this, "longText", "texts that are too long: default, refuse, truncate, null, windows");
    batchTokens = new IntParam(this, "batchTokens", "tokens of a batch");
    threads =
        new IntParam(
            this, "threads", "threads of a call; 0: spark.executor.cores, else all processors");
    defaults(outputCol, output);
    defaults(longText, parameter(longRow));
    defaults(batchTokens, BATCH_TOKENS);
    defaults(threads, 0);
  }

  /** The transformer, as its own type. */
  abstract T self();

  /** The columns that hold its texts. */
  abstract List<Param<String>> inputs();

  /** What it computes. */
  abstract RowTask<?, ?, ?> task();

  /** Sets what a parameter is unless somebody sets it. */
  final <V> void defaults(Param<V> param, V value) {
    setDefault(param, value);
  }

  final <V> T with(Param<V> param, V value) {
    set(param, value);
    return self();
  }

  @Override
  public String uid() {
    return uid;
  }

  /** Path of the model. */
  public Param<String> model() {
    return model;
  }

  /** Name of the model among Spark's files. */
  public Param<String> modelFile() {
    return modelFile;
  }

  /** The column that is added. */
  public Param<String> outputCol() {
    return outputCol;
  }

  /** What happens to texts that are too long. */
  public Param<String> longText() {
    return longText;
  }

  /** Tokens of a batch. */
  public IntParam batchTokens() {
    return batchTokens;
  }

  /** Threads of a call. */
  public IntParam threads() {
    return threads;
  }

  /**
   * Sets the path of the model: a folder or a file that every machine has there.
   *
   * @throws IllegalArgumentException if it is an address, such as {@code hdfs:/…}
   */
  public T setModel(String path) {
    return with(model, path(path));
  }

  /**
   * Sets the name of the model among the files that Spark brings to every machine: of a file, or
   * the {@code NAME} of an archive {@code model.zip#NAME}.
   */
  public T setModelFile(String name) {
    return with(modelFile, name);
  }

  /** Sets the name of the column that is added. */
  public T setOutputCol(String name) {
    return with(outputCol, name);
  }

  /**
   * Sets what happens to texts that are too long: {@code refuse}, with which the job fails; {@code
   * truncate}; {@code null}, with which they have no result; {@code windows}, where the task can do
   * that; {@code default}, with which an embedder does what the model's folder says, or else reads
   * windows, and a classifier and a tagger refuse. Unset it is {@code default} for an embedder,
   * {@code refuse} for a classifier, and {@code windows} for the others.
   *
   * @throws IllegalArgumentException if it is none of these
   */
  public T setLongText(String value) {
    return with(longText, parameter(LongRow.of(value)));
  }

  /** Sets how many tokens a batch has; 4096 by default. */
  public T setBatchTokens(int value) {
    return with(batchTokens, atLeast("batchTokens", value, 1));
  }

  /**
   * Sets the threads of a call; 0, the default, for {@code spark.executor.cores} where that is set,
   * else all processors.
   */
  public T setThreads(int value) {
    return with(threads, atLeast("threads", value, 0));
  }

  static int atLeast(String name, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(name + " must be at least " + least + ", not " + value);
    }
    return value;
  }

  /** A constant's name in parameters. */
  static String parameter(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  /**
   * The constant whose name in lower case a parameter is.
   *
   * @throws IllegalArgumentException if there is none
   */
  static <E extends Enum<E>> E choice(String name, E[] constants, String value) {
    return Stream.of(constants)
        .filter(constant -> parameter(constant).equals(value))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    name
                        + " is '"
                        + value
                        + "'; it has to be one of "
                        + Stream.of(constants)
                            .map(MegaBertTransformer::parameter)
                            .collect(Collectors.joining(", "))));
  }

  /** A path as Java's files have it; Spark's file systems are none of them. */
  private static String path(String value) {
    if (ADDRESS.matcher(value).lookingAt()) {
      throw new IllegalArgumentException(
          "the model '"
              + value
              + "' is an address; a model is a path that every machine has, or comes with Spark's"
              + " files (--files, --archives) and is named with setModelFile");
    }
    return value;
  }

  /** Where the model is. */
  ModelSource source() {
    if (isDefined(model) == isDefined(modelFile)) {
      throw new IllegalArgumentException(
          uid
              + " needs either a model, a path that every machine has, or a modelFile, a name"
              + " among Spark's files");
    }
    boolean isFile = isDefined(modelFile);
    return new ModelSource(
        isFile ? $(modelFile) : path($(model)), isFile, (int) $(threads), (int) $(batchTokens));
  }

  LongRow longRow() {
    return LongRow.of($(longText));
  }

  @Override
  public StructType transformSchema(StructType schema) {
    DataType type = task().type();
    if (areArrays(schema)) {
      type = DataTypes.createArrayType(type, true);
    }
    if (Arrays.asList(schema.fieldNames()).contains($(outputCol))) {
      throw new IllegalArgumentException(
          "the column '" + $(outputCol) + "' is there already; name another with setOutputCol");
    }
    return schema.add($(outputCol), type, true);
  }

  /** Whether the columns hold arrays of texts. */
  private boolean areArrays(StructType schema) {
    List<Boolean> all = inputs().stream().map(param -> isArray(schema, $(param))).toList();
    if (!all.getFirst().equals(all.getLast())) {
      throw new IllegalArgumentException(
          "of the columns of " + uid + " one holds texts and one arrays of texts");
    }
    return all.getFirst();
  }

  private static boolean isArray(StructType schema, String column) {
    if (!Arrays.asList(schema.fieldNames()).contains(column)) {
      throw new IllegalArgumentException(
          "there is no column '"
              + column
              + "'; there are "
              + String.join(", ", schema.fieldNames()));
    }
    StructField field = schema.apply(column);
    DataType element =
        field.dataType() instanceof ArrayType array ? array.elementType() : field.dataType();
    if (!element.equals(DataTypes.StringType)) {
      throw new IllegalArgumentException(
          "the column '"
              + column
              + "' holds "
              + field.dataType().simpleString()
              + "; it has to hold texts or arrays of texts");
    }
    return field.dataType() instanceof ArrayType;
  }

  @Override
  public Dataset<Row> transform(Dataset<?> dataset) {
    StructType before = dataset.schema();
    StructType after = transformSchema(before);
    int[] columns = inputs().stream().mapToInt(param -> before.fieldIndex($(param))).toArray();
    PartitionTask<?, ?, ?> work =
        new PartitionTask<>(source(), task(), longRow(), columns, areArrays(before));
    return dataset.toDF().mapPartitions(work, Encoders.row(after));
  }

  @Override
  public Transformer copy(ParamMap extra) {
    return defaultCopy(extra);
  }
}
