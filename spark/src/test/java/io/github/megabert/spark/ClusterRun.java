package io.github.megabert.spark;

import io.github.megabert.MegaBert;
import io.github.megabert.task.TextEmbedding;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Embeds many rows on {@code local-cluster[2,1,2048]}, kills an executor on the way, looks whether
 * a row is lost, doubled or wrong, and says how many texts a second that is beside one process with
 * as many threads. {@code examples/spark/cluster.sh} starts it; it is no test.
 */
final class ClusterRun {
  private static final int EXECUTORS = 2;
  private static final int PARTITIONS = 32;
  private static final int COMPARED = 2000;
  private static final float BOUND = 1e-5f;
  private static final PrintStream OUT = System.out;

  private ClusterRun() {}

  /** Arguments: the model's folder, a file of texts, rows, the jar for executors, a folder. */
  public static void main(String[] args) throws Exception {
    Path model = Path.of(args[0]);
    List<String> texts = texts(Path.of(args[1]));
    int rows = Integer.parseInt(args[2]);
    OUT.printf(Locale.ROOT, "%d rows of %d different texts%n", rows, texts.size());
    double alone = alone(model, texts, Math.min(rows, texts.size()));
    OUT.printf(Locale.ROOT, "one process, %d threads: %.0f texts/s%n", EXECUTORS, alone);
    double together = together(model, texts, rows, args[3], args[4] + "/whole", false);
    OUT.printf(
        Locale.ROOT,
        "%d executors: %.0f texts/s, %.2f of that%n",
        EXECUTORS,
        together,
        together / alone);
    double again = alone(model, texts, Math.min(rows, texts.size()));
    OUT.printf(Locale.ROOT, "one process again: %.0f texts/s%n", again);
    double killed = together(model, texts, rows, args[3], args[4] + "/killed", true);
    OUT.printf(Locale.ROOT, "an executor killed midway: %.0f texts/s%n", killed);
  }

  /** The definitions in the last column of a file. */
  private static List<String> texts(Path file) throws IOException {
    return Files.readAllLines(file).stream()
        .map(line -> line.substring(line.lastIndexOf('\t') + 1))
        .filter(text -> !text.isBlank())
        .toList();
  }

  /** Texts a second of one process, once it is warm. */
  private static double alone(Path model, List<String> texts, int rows) throws IOException {
    try (MegaBert bert = MegaBert.builder().threads(EXECUTORS).warmUp(true).load(model)) {
      TextEmbedding task = bert.textEmbedding();
      task.applyAll(texts.subList(0, Math.min(rows, COMPARED)));
      long begin = System.nanoTime();
      long count;
      try (var results = task.stream(texts.subList(0, rows).stream())) {
        count = results.filter(result -> result.vector().length > 0).count();
      }
      return count / seconds(begin);
    }
  }

  private static double seconds(long begin) {
    return (System.nanoTime() - begin) / 1e9;
  }

  private static double together(
      Path model, List<String> texts, int rows, String jar, String folder, boolean kill)
      throws Exception {
    SparkSession spark =
        SparkSession.builder()
            .master("local-cluster[" + EXECUTORS + ",1,2048]")
            .appName("megabert")
            .config("spark.ui.enabled", false)
            .config("spark.jars", jar)
            .config("spark.executor.memory", "1500m")
            .config(
                "spark.executor.extraJavaOptions",
                "--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED")
            .getOrCreate();
    try {
      MegaBertEmbedder embedder = new MegaBertEmbedder().setModel(model.toString());
      // The executors open the model and compile its kernels.
      embedder.transform(rows(spark, texts, COMPARED)).collectAsList();
      Dataset<Row> output = embedder.transform(rows(spark, texts, rows));
      Thread killer = Thread.ofPlatform().unstarted(() -> killExecutor(rows));
      if (kill) {
        killer.start();
      }
      long begin = System.nanoTime();
      output.select("id", "embedding").write().mode("overwrite").parquet(folder);
      double rate = rows / seconds(begin);
      killer.interrupt();
      check(spark.read().parquet(folder), model, texts, rows);
      return rate;
    } finally {
      spark.stop();
    }
  }

  /** Rows of the texts in turn. Executors have none of this file's classes, so Spark makes them. */
  private static Dataset<Row> rows(SparkSession spark, List<String> texts, int rows) {
    List<Row> numbered = new ArrayList<>();
    for (String text : texts) {
      numbered.add(RowFactory.create((long) numbered.size(), text));
    }
    StructType schema =
        new StructType().add("place", DataTypes.LongType).add("text", DataTypes.StringType);
    Dataset<Row> all = spark.createDataFrame(numbered, schema);
    return spark
        .range(0, rows, 1, PARTITIONS)
        .withColumn("place", functions.expr("id % " + texts.size()))
        .join(functions.broadcast(all), "place")
        .select("id", "text");
  }

  /** Kills the first executor's process, some seconds after the work has begun. */
  private static void killExecutor(int rows) {
    try {
      Thread.sleep(Math.min(20_000, rows / 4));
    } catch (InterruptedException early) {
      OUT.println("the work was done before an executor was killed");
      return;
    }
    Optional<ProcessHandle> executor =
        ProcessHandle.current()
            .descendants()
            .filter(
                process ->
                    Arrays.asList(process.info().arguments().orElse(new String[0]))
                        .contains("org.apache.spark.executor.CoarseGrainedExecutorBackend"))
            .findFirst();
    executor.ifPresentOrElse(
        process -> OUT.println("killed " + process.pid() + ": " + process.destroyForcibly()),
        () -> OUT.println("no executor was found to kill"));
  }

  /** Every row is there once, and has its own text's vector. */
  private static void check(Dataset<Row> result, Path model, List<String> texts, int rows)
      throws IOException {
    Row counts =
        result
            .agg(functions.count("embedding"), functions.countDistinct("id"), functions.max("id"))
            .head();
    OUT.printf(
        Locale.ROOT,
        "rows %d, different ids %d, greatest id %d%n",
        counts.getLong(0),
        counts.getLong(1),
        counts.getLong(2));
    if (counts.getLong(0) != rows || counts.getLong(1) != rows || counts.getLong(2) != rows - 1) {
      throw new IllegalStateException("rows are lost or doubled");
    }
    int step = Math.max(1, rows / COMPARED);
    List<Row> some = result.where("id % " + step + " = 0").collectAsList();
    List<String> own = new ArrayList<>();
    some.forEach(row -> own.add(texts.get((int) (row.getLong(0) % texts.size()))));
    float most = 0;
    try (MegaBert bert = MegaBert.load(model)) {
      List<TextEmbedding.Embedding> expected = bert.textEmbedding().applyAll(own);
      for (int i = 0; i < some.size(); i++) {
        List<Float> vector = some.get(i).getList(1);
        float[] wanted = expected.get(i).vector();
        for (int k = 0; k < wanted.length; k++) {
          most = Math.max(most, Math.abs(wanted[k] - vector.get(k)));
        }
      }
    }
    OUT.printf(Locale.ROOT, "%d rows compared, greatest difference %.1e%n", some.size(), most);
    if (!(most < BOUND)) {
      throw new IllegalStateException("vectors differ");
    }
  }
}
