// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import io.github.megabert.MegaBert;
import io.github.megabert.MegaBertBuilder;
import io.github.megabert.task.Batching;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;

/**
 * Where a process finds its model, and how it opens it. It travels to the executors.
 *
 * @param place a path that every machine has, or a name among Spark's files
 * @param isSparkFile whether it is the latter
 * @param threads threads of a call; 0 for {@code spark.executor.cores} where that is set, else all
 *     processors
 * @param batchTokens tokens of a batch
 */
record ModelSource(String place, boolean isSparkFile, int threads, int batchTokens)
    implements Serializable {
  private static final String CORES = "spark.executor.cores";

  /** Opens the model, in the process that calls. */
  MegaBert open() {
    Path path = Path.of(isSparkFile ? SparkFiles.get(place) : place);
    MegaBertBuilder builder =
        MegaBert.builder().batching(Batching.DEFAULT.withTokenBudget(batchTokens));
    int limit = threads == 0 ? executorCores() : threads;
    if (limit > 0) {
      builder.threads(limit);
    }
    try {
      return builder.load(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Processes of Spark share a machine, and are told how much of it is theirs; else 0. */
  private static int executorCores() {
    SparkEnv env = SparkEnv.get();
    return env == null ? 0 : env.conf().getInt(CORES, 0);
  }
}
