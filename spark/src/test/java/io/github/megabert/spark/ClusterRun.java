// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.spark;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.spark.SparkStatusTracker;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/**
 * Embeds rows on a cluster of this machine: how many texts a second two executors do beside
 * processes without Spark, and whether a row is lost, doubled or wrong when one of them is killed.
 * {@code examples/spark/cluster.sh} submits it; it is no test.
 */
public final class ClusterRun {
  private static final int EXECUTORS = 2;

  /** The model among Spark's files. */
  private static final String MODEL_FILE = "demo";

  /** Rows that are enough to tell a rate. */
  private static final long TIMED = 100_000;

  private static final long WARM_UP = 2000;
  private static final PrintStream OUT = System.out;

  private final Path model;
  private final Path file;
  private final List<String> texts;
  private final String classPath;
  private final String folder;

  private ClusterRun(Path model, Path file, String classPath, String folder) throws IOException {
    this.model = model;
    this.file = file;
    texts = OneProcess.texts(file);
    this.classPath = classPath;
    this.folder = folder;
  }

  /** Arguments: the model's folder, a file of texts, rows, jars of this, a folder to write to. */
  public static void main(String[] args) throws Exception {
    new ClusterRun(Path.of(args[0]), Path.of(args[1]), args[3], args[4])
        .run(Long.parseLong(args[2]));
  }

  private void run(long rows) throws Exception {
    long timed = Math.min(rows, TIMED);
    double before = alone(timed);
    SparkSession spark = SparkSession.builder().getOrCreate();
    try {
      ClusterRows all = new ClusterRows(spark, model, texts);
      MegaBertEmbedder embedder = new MegaBertEmbedder().setModelFile(MODEL_FILE);
      // The executors open the model and compile what they need.
      embedder.transform(all.of(WARM_UP)).collectAsList();
      double together = rate(embedder.transform(all.of(timed)), folder + "/whole", timed);
      OUT.printf(Locale.ROOT, "%d executors: %.0f texts/s%n", EXECUTORS, together);
      double after = alone(timed);
      OUT.printf(
          Locale.ROOT,
          "an executor's core does %.2f of the texts of a process's core%n",
          together / ((before + after) / 2));
      all.check(spark.read().parquet(folder + "/whole"), timed);
      CompletableFuture<Boolean> killing = CompletableFuture.supplyAsync(() -> killsOne(spark));
      double killed = rate(embedder.transform(all.of(rows)), folder + "/killed", rows);
      if (!killing.getNow(false)) {
        throw new IllegalStateException("no executor was killed");
      }
      OUT.printf(Locale.ROOT, "one of them killed midway: %.0f texts/s%n", killed);
      all.check(spark.read().parquet(folder + "/killed"), rows);
    } finally {
      spark.stop();
    }
  }

  /** Texts a second of processes without Spark, one a core, all at once. */
  private double alone(long rows) throws IOException {
    double rate = OneProcess.atOnce(EXECUTORS, classPath, model, file, rows / EXECUTORS);
    OUT.printf(Locale.ROOT, "%d processes of a thread: %.0f texts/s%n", EXECUTORS, rate);
    return rate;
  }

  private static double rate(Dataset<Row> output, String folder, long rows) {
    long begin = System.nanoTime();
    output.select("id", "embedding").write().mode("overwrite").parquet(folder);
    return rows / ((System.nanoTime() - begin) / 1e9);
  }

  /** Kills an executor's process once half of the tasks of the job that runs are done. */
  private static boolean killsOne(SparkSession spark) {
    SparkStatusTracker tracker = spark.sparkContext().statusTracker();
    while (!isHalfDone(tracker)) {
      try {
        Thread.sleep(50);
      } catch (InterruptedException stop) {
        return false;
      }
    }
    Optional<ProcessHandle> executor =
        ProcessHandle.current()
            .descendants()
            .filter(
                process ->
                    Arrays.asList(process.info().arguments().orElse(new String[0]))
                        .contains("org.apache.spark.executor.CoarseGrainedExecutorBackend"))
            .findFirst();
    executor.ifPresent(process -> OUT.println("killing " + process.pid()));
    return executor.map(ProcessHandle::destroyForcibly).orElse(false);
  }

  private static boolean isHalfDone(SparkStatusTracker tracker) {
    return IntStream.of(tracker.getActiveStageIds())
        .mapToObj(tracker::getStageInfo)
        .filter(Option::isDefined)
        .map(Option::get)
        .anyMatch(
            stage -> stage.numTasks() > 1 && stage.numCompletedTasks() * 2 >= stage.numTasks());
  }
}
