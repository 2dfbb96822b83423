// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.peers;

import com.sun.management.OperatingSystemMXBean;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.spi.model.embedding.EmbeddingModelFactory;
import io.github.megabert.MegaBert;
import io.github.megabert.task.TextEmbedding;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.SplittableRandom;

/**
 * all-MiniLM-L6-v2 by MegaBERT and by LangChain4j's in-process model (ONNX Runtime and a native
 * tokenizer): the same texts and vectors. Times are taken in turns in one process; memory and
 * loading in a process each. Prints tables.
 *
 * <p>ONNX Runtime's threads look for work for some 30 ms after each call, on a processor that the
 * other engine would need: before each turn there is a pause.
 *
 * <pre>MiniLm FOLDER</pre>
 *
 * FOLDER keeps the weights, 91 MB.
 */
public final class MiniLm {
  private static final int WORDS = 16;
  private static final int MANY = 64;
  private static final int ROUNDS = 31;

  /** Calls of a turn that are timed, behind one that is not. */
  private static final int CALLS = 3;

  private static final long PAUSE_MILLIS = 100;
  private static final int LOADS = 3;
  private static final double WARM_UP_SECONDS = 10;
  private static final double BOUND = 1e-5;

  private static final List<String> VOCABULARY =
      List.of(
          ("the a of and to in is that for on with as by at from this be are was it river house"
                  + " engine market doctor quick green careful measure between summer water light"
                  + " answer question city language winter mountain paper music system")
              .split(" "));

  /** What makes vectors of texts. */
  private interface Embedder extends AutoCloseable {
    List<float[]> embed(List<String> texts);

    @Override
    void close();
  }

  private MiniLm() {}

  /** Measures; with a second argument, one engine alone, as a child process. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path folder = MiniLmFolder.in(Path.of(arguments[0]));
    if (arguments.length > 1) {
      load(arguments[1], folder);
      return;
    }
    System.out.printf(
        "%d processors, load average %s%n%n",
        Runtime.getRuntime().availableProcessors(), loadAverage());
    System.out.println("| | heap | loaded | first vector | resident | after 64 texts |");
    System.out.println("|---|---|---|---|---|---|");
    for (String engine : List.of("MegaBERT", "LangChain4j")) {
      for (String heap : List.of("", "-Xmx256m")) {
        double[][] runs = new double[LOADS][];
        for (int run = 0; run < LOADS; run++) {
          runs[run] = child(engine, folder, heap);
        }
        System.out.printf(
            Locale.ROOT,
            "| %s | %s | %.2f s | %.2f s | %.0f MB | %.0f MB |%n",
            engine,
            heap.isEmpty() ? "as the JVM chooses" : heap,
            median(runs, 0),
            median(runs, 1),
            median(runs, 2),
            median(runs, 3));
      }
    }
    System.out.println();
    try (Embedder ours = open("MegaBERT", folder);
        Embedder theirs = open("LangChain4j", folder)) {
      requireSame(ours, theirs);
      System.out.println("| texts of 16 words | MegaBERT | LangChain4j | faster |");
      System.out.println("|---|---|---|---|");
      compare(ours, theirs, texts(1));
      compare(ours, theirs, texts(MANY));
    }
  }

  private static Embedder open(String engine, Path folder) throws IOException {
    return engine.equals("MegaBERT") ? megaBert(folder) : langChain4j();
  }

  private static Embedder megaBert(Path folder) throws IOException {
    MegaBert bert = MegaBert.load(folder);
    TextEmbedding embedding = bert.textEmbedding();
    return new Embedder() {
      @Override
      public List<float[]> embed(List<String> texts) {
        return embedding.applyAll(texts).stream().map(TextEmbedding.Embedding::vector).toList();
      }

      @Override
      public void close() {
        bert.close();
      }
    };
  }

  private static Embedder langChain4j() {
    EmbeddingModel model =
        ServiceLoader.load(EmbeddingModelFactory.class).findFirst().orElseThrow().create();
    return new Embedder() {
      @Override
      public List<float[]> embed(List<String> texts) {
        return model.embedAll(texts.stream().map(TextSegment::from).toList()).content().stream()
            .map(vector -> vector.vector())
            .toList();
      }

      @Override
      public void close() {}
    };
  }

  private static List<String> texts(int count) {
    SplittableRandom random = new SplittableRandom(7);
    List<String> texts = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      List<String> words = new ArrayList<>();
      for (int w = 0; w < WORDS; w++) {
        words.add(VOCABULARY.get(random.nextInt(VOCABULARY.size())));
      }
      texts.add(String.join(" ", words));
    }
    return texts;
  }

  /**
   * Texts that are timed, and others of other lengths and characters; LangChain4j's tokenizer cuts
   * at 128 tokens.
   */
  private static void requireSame(Embedder ours, Embedder theirs) {
    List<String> texts = new ArrayList<>(texts(MANY));
    texts.addAll(
        List.of(
            "A dog is a domesticated animal.",
            "Naïve café: Łódź, 東京, and 3.14 km/h!",
            "x",
            String.join(" ", texts(7))));
    List<float[]> our = ours.embed(texts);
    List<float[]> their = theirs.embed(texts);
    double worst = 0;
    for (int t = 0; t < texts.size(); t++) {
      double difference = 0;
      for (int i = 0; i < our.get(t).length; i++) {
        difference += Math.pow((double) our.get(t)[i] - their.get(t)[i], 2);
      }
      double error = Math.sqrt(difference);
      if (!(error <= BOUND)) {
        throw new IllegalStateException(
            "the vectors of \"" + texts.get(t) + "\" differ by " + error);
      }
      worst = Math.max(worst, error);
    }
    System.out.printf(Locale.ROOT, "%d vectors differ by at most %.1e%n%n", texts.size(), worst);
  }

  private static void compare(Embedder ours, Embedder theirs, List<String> texts)
      throws InterruptedException {
    warmUp(ours, texts);
    warmUp(theirs, texts);
    Turns our = new Turns(ours);
    Turns their = new Turns(theirs);
    for (int round = 0; round < ROUNDS; round++) {
      our.take(texts);
      their.take(texts);
    }
    System.out.printf(
        Locale.ROOT,
        "| %d | %s | %s | %.2f |%n",
        texts.size(),
        our,
        their,
        their.median() / our.median());
  }

  /** Times of one engine. */
  private static final class Turns {
    private final Embedder embedder;
    private final List<Double> seconds = new ArrayList<>();
    private long processorNanos;

    Turns(Embedder embedder) {
      this.embedder = embedder;
    }

    void take(List<String> texts) throws InterruptedException {
      long processor = processorNanos();
      embedder.embed(texts);
      for (int call = 0; call < CALLS; call++) {
        long start = System.nanoTime();
        embedder.embed(texts);
        seconds.add(seconds(start));
      }
      Thread.sleep(PAUSE_MILLIS);
      processorNanos += processorNanos() - processor;
    }

    double median() {
      return seconds.stream().sorted().toList().get(seconds.size() / 2);
    }

    /** Processor time is that of all threads, with what they take in the pause that follows. */
    @Override
    public String toString() {
      double turn = processorNanos / 1e6 * CALLS / seconds.size();
      return String.format(
          Locale.ROOT,
          "%.2f ms (least %.2f; processor time of %d calls and a pause %.0f ms)",
          1e3 * median(),
          1e3 * Collections.min(seconds),
          1 + CALLS,
          turn);
    }

    private static long processorNanos() {
      return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
          .getProcessCpuTime();
    }
  }

  private static void warmUp(Embedder embedder, List<String> texts) {
    long start = System.nanoTime();
    do {
      embedder.embed(texts);
    } while (seconds(start) < WARM_UP_SECONDS);
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  /** In a child process: seconds of loading and of the first vector, and resident megabytes. */
  private static void load(String engine, Path folder) throws IOException {
    long start = System.nanoTime();
    try (Embedder embedder = open(engine, folder)) {
      double loaded = seconds(start);
      start = System.nanoTime();
      embedder.embed(texts(1));
      double first = seconds(start);
      long one = residentMegabytes();
      embedder.embed(texts(MANY));
      System.out.printf(Locale.ROOT, "%f %f %d %d%n", loaded, first, one, residentMegabytes());
    }
  }

  private static double[] child(String engine, Path folder, String heap)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules", "jdk.incubator.vector"));
    command.add("--enable-native-access=ALL-UNNAMED");
    if (!heap.isEmpty()) {
      command.add(heap);
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(MiniLm.class.getName(), folder.toString(), engine));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String line = new String(process.getInputStream().readAllBytes()).strip();
    if (process.waitFor() != 0) {
      throw new IOException("the process of " + engine + " failed");
    }
    return Arrays.stream(line.split(" ")).mapToDouble(Double::parseDouble).toArray();
  }

  private static double median(double[][] runs, int column) {
    return Arrays.stream(runs).mapToDouble(run -> run[column]).sorted().toArray()[LOADS / 2];
  }

  /** What the kernel counts as resident: anonymous memory and pages of files. */
  private static long residentMegabytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024;
      }
    }
    return 0;
  }

  private static String loadAverage() throws IOException {
    return Files.readString(Path.of("/proc/loadavg")).split(" ")[0];
  }
}
