// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.jspecify.annotations.Nullable;

/**
 * The transformers as functions of SQL. Spark calls a function for one row at a time, so there are
 * no batches: a transformer is several times as fast.
 */
public final class MegaBertFunctions {
  private MegaBertFunctions() {}

  /**
   * Registers what a transformer computes as a function of a session. Its columns become the
   * function's arguments; of arrays there is none.
   *
   * <pre>{@code
   * MegaBertFunctions.register(spark, "embed", new MegaBertEmbedder().setModel("/models/minilm"));
   * spark.sql("SELECT id, embed(text) FROM documents");
   * }</pre>
   */
  public static void register(
      SparkSession session, String name, MegaBertTransformer<?> transformer) {
    register(session, name, transformer, transformer.task());
  }

  private static <I, O, R> void register(
      SparkSession session,
      String name,
      MegaBertTransformer<?> transformer,
      RowTask<I, O, R> task) {
    ModelSource source = transformer.source();
    LongRow longRow = transformer.longRow();
    if (transformer.inputs().size() == 1) {
      UDF1<@Nullable String, @Nullable Object> function =
          text -> apply(source, task, longRow, text == null ? null : List.of(text));
      session.udf().register(name, function, task.type());
    } else {
      UDF2<@Nullable String, @Nullable String, @Nullable Object> function =
          (first, second) ->
              apply(
                  source,
                  task,
                  longRow,
                  first == null || second == null ? null : List.of(first, second));
      session.udf().register(name, function, task.type());
    }
  }

  private static <I, O, R> @Nullable Object apply(
      ModelSource source, RowTask<I, O, R> task, LongRow longRow, @Nullable List<String> texts) {
    if (texts == null) {
      return null;
    }
    try (SharedModels.Lease lease = SharedModels.OF_PROCESS.acquire(source)) {
      return task.valueOf(lease.model(), task.input(texts), longRow);
    }
  }
}
