// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import io.github.megabert.MegaBert;
import io.github.megabert.task.LabelScore;
import io.github.megabert.task.LongText;
import io.github.megabert.task.QuestionAnswering;
import io.github.megabert.task.ScoreFunction;
import io.github.megabert.task.TextClassification;
import io.github.megabert.task.TextEmbedding;
import io.github.megabert.task.TextTask;
import io.github.megabert.task.TokenClassification;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.collection.immutable.ArraySeq;
import scala.jdk.javaapi.CollectionConverters;

/** The tasks that there are, with their options. */
final class RowTasks {
  private static final StructType CLASSIFICATION =
      struct(
          field("label", DataTypes.StringType),
          field("score", DataTypes.FloatType),
          field(
              "scores", DataTypes.createMapType(DataTypes.StringType, DataTypes.FloatType, false)));

  private static final StructType ENTITY =
      struct(
          field("label", DataTypes.StringType),
          field("score", DataTypes.FloatType),
          field("word", DataTypes.StringType),
          field("start", DataTypes.IntegerType),
          field("end", DataTypes.IntegerType));

  private static final StructType ANSWER =
      struct(
          field("answer", DataTypes.StringType),
          field("score", DataTypes.FloatType),
          field("start", DataTypes.IntegerType),
          field("end", DataTypes.IntegerType));

  private RowTasks() {}

  private static StructField field(String name, DataType type) {
    return DataTypes.createStructField(name, type, false);
  }

  private static StructType struct(StructField... fields) {
    return DataTypes.createStructType(fields);
  }

  /**
   * Vectors.
   *
   * @param asVector whether they are Spark ML's rather than arrays of floats
   * @param normalize whether they get length 1, whatever the model's folder says
   */
  record Embedding(boolean asVector, boolean normalize)
      implements RowTask<String, TextEmbedding.Options, TextEmbedding.Embedding> {
    @Override
    public TextEmbedding of(MegaBert model) {
      return model.textEmbedding();
    }

    @Override
    public TextEmbedding.Options options(
        TextTask<String, TextEmbedding.Options, TextEmbedding.Embedding> task, LongRow longRow) {
      TextEmbedding.Options options = task.defaultOptions();
      return (normalize ? options.withNormalize(true) : options)
          .withLongText(longRow.or(options.longText()));
    }

    @Override
    public String input(List<String> texts) {
      return texts.getFirst();
    }

    @Override
    public Object value(TextEmbedding.Embedding result) {
      float[] vector = result.vector();
      if (!asVector) {
        return ArraySeq.unsafeWrapArray(vector);
      }
      double[] values = new double[vector.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = vector[i];
      }
      return Vectors.dense(values);
    }

    @Override
    public DataType type() {
      return asVector
          ? SQLDataTypes.VectorType()
          : DataTypes.createArrayType(DataTypes.FloatType, false);
    }
  }

  /**
   * Classes.
   *
   * @param rawScores whether scores are logits
   */
  record Classification(boolean rawScores)
      implements RowTask<String, TextClassification.Options, TextClassification.Classification> {
    @Override
    public TextClassification of(MegaBert model) {
      return model.textClassification();
    }

    @Override
    public TextClassification.Options options(
        TextTask<String, TextClassification.Options, TextClassification.Classification> task,
        LongRow longRow) {
      TextClassification.Options options =
          TextClassification.Options.DEFAULT
              .withTopK(TextClassification.Options.ALL)
              .withLongText(longRow.or(LongText.REFUSE));
      return rawScores ? options.withFunction(ScoreFunction.NONE) : options;
    }

    @Override
    public String input(List<String> texts) {
      return texts.getFirst();
    }

    @Override
    public Row value(TextClassification.Classification result) {
      Map<String, Float> scores = new LinkedHashMap<>();
      for (LabelScore label : result.labels()) {
        scores.put(label.label(), label.score());
      }
      return RowFactory.create(
          result.best().label(), result.best().score(), CollectionConverters.asScala(scores));
    }

    @Override
    public DataType type() {
      return CLASSIFICATION;
    }
  }

  /** Entities. */
  record Tagging(TokenClassification.Aggregation aggregation)
      implements RowTask<String, TokenClassification.Options, TokenClassification.Entities> {
    @Override
    public TokenClassification of(MegaBert model) {
      return model.tokenClassification();
    }

    @Override
    public TokenClassification.Options options(
        TextTask<String, TokenClassification.Options, TokenClassification.Entities> task,
        LongRow longRow) {
      return TokenClassification.Options.DEFAULT
          .withAggregation(aggregation)
          .withLongText(longRow.or(LongText.REFUSE));
    }

    @Override
    public String input(List<String> texts) {
      return texts.getFirst();
    }

    @Override
    public Object value(TokenClassification.Entities result) {
      Object[] entities =
          result.entities().stream()
              .map(
                  one ->
                      RowFactory.create(
                          one.label(),
                          one.score(),
                          one.word(),
                          one.span().codePointStart(),
                          one.span().codePointEnd()))
              .toArray();
      return ArraySeq.unsafeWrapArray(entities);
    }

    @Override
    public DataType type() {
      return DataTypes.createArrayType(ENTITY, false);
    }
  }

  /**
   * Answers.
   *
   * @param maxAnswerLength tokens of the longest answer
   * @param allowImpossible whether there may be none, which is an empty answer
   */
  record Answering(int maxAnswerLength, boolean allowImpossible)
      implements RowTask<
          QuestionAnswering.Question, QuestionAnswering.Options, QuestionAnswering.Answers> {
    @Override
    public QuestionAnswering of(MegaBert model) {
      return model.questionAnswering();
    }

    @Override
    public QuestionAnswering.Options options(
        TextTask<QuestionAnswering.Question, QuestionAnswering.Options, QuestionAnswering.Answers>
            task,
        LongRow longRow) {
      return QuestionAnswering.Options.DEFAULT
          .withMaxAnswerLength(maxAnswerLength)
          .withAllowImpossible(allowImpossible);
    }

    @Override
    public QuestionAnswering.Question input(List<String> texts) {
      return new QuestionAnswering.Question(texts.getFirst(), texts.getLast());
    }

    @Override
    public Row value(QuestionAnswering.Answers result) {
      QuestionAnswering.Answer best = result.best();
      return RowFactory.create(
          best.text(), best.score(), best.span().codePointStart(), best.span().codePointEnd());
    }

    @Override
    public DataType type() {
      return ANSWER;
    }
  }
}
