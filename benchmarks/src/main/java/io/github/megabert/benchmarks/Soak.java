// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.MegaBert;
import io.github.megabert.checkpoint.CheckpointConverter;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.model.generation.GenerationOptions;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.task.RequestBatcher;
import io.github.megabert.task.TextClassification;
import io.github.megabert.task.TextEmbedding;
import io.github.megabert.task.TextGeneration;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.TokenizerConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * Mixed requests of every task from many threads, in rounds: each opens all models anew and closes
 * them at its end, and while requests run more models are opened and closed beside them. After each
 * round memory is measured.
 */
final class Soak {
  private static final Path VOCABULARY =
      Path.of("..", "demo-model", "src", "main", "resources")
          .resolve(Path.of("io", "github", "megabert", "demo", "vocab.txt"));
  private static final int THREADS = 16;
  private static final String WORDS =
      "angela merkel visited the old hotel in paris and a dog was asleep on the train to new york ";

  private final Path folder;
  private final Map<String, Path> models = new LinkedHashMap<>();
  private final AtomicInteger opened = new AtomicInteger();

  /**
   * Memory after a round, garbage collected and all models closed, in bytes.
   *
   * @param heap live objects
   * @param direct native memory of arenas and buffers, as the JVM tracks it
   * @param mapped files that are mapped
   * @param resident the process's memory (0 where the system does not tell)
   * @param committed what the heap has taken of that
   * @param threads of this library that are alive
   * @param open native memory before the models were closed
   */
  record Sample(
      long requests,
      long heap,
      long direct,
      long mapped,
      long resident,
      long committed,
      long threads,
      long open) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%9d requests: heap %6.2f MB, native %.3f MB (models open: %.1f MB), mapped %d "
              + "bytes, %d threads,"
              + " resident %d MB (heap's share %d MB)",
          requests,
          heap / 1e6,
          direct / 1e6,
          open / 1e6,
          mapped,
          threads,
          resident >> 20,
          committed >> 20);
    }
  }

  Soak(Path folder) throws IOException {
    this.folder = folder;
    for (String className :
        List.of(
            "MegatronBertForPreTraining",
            "MegatronBertForSequenceClassification",
            "MegatronBertForTokenClassification",
            "MegatronBertForQuestionAnswering",
            "MegatronBertForMultipleChoice",
            "MegatronBertForCausalLM")) {
      write(className);
    }
  }

  /**
   * {@code Soak FOLDER REQUESTS ROUNDS}, in a JVM with {@code -XX:NativeMemoryTracking=summary};
   * fails if memory is not flat.
   */
  public static void main(String[] arguments) throws Exception {
    List<Sample> samples =
        new Soak(Path.of(arguments[0]))
            .run(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]), System.out);
    requireFlat(samples);
  }

  private static void requireFlat(List<Sample> samples) {
    Sample before = samples.getFirst();
    Sample middle = samples.get(samples.size() / 2);
    Sample last = samples.getLast();
    for (Sample sample : samples.subList(1, samples.size())) {
      require(sample.open() > before.direct() + 1_000_000, "open models are not counted", sample);
      require(sample.direct() < before.direct() + 300_000, "native memory was not freed", sample);
      require(sample.mapped() == before.mapped(), "files are still mapped", sample);
      require(sample.threads() == before.threads(), "threads of closed models live on", sample);
    }
    require(last.heap() < middle.heap() + 1_000_000, "the heap grows: " + middle, last);
    long grown = last.resident() - last.committed() - (middle.resident() - middle.committed());
    require(grown < 64L << 20, "the process grows by " + grown + " bytes: " + middle, last);
  }

  private static void require(boolean condition, String otherwise, Sample sample) {
    if (!condition) {
      throw new AssertionError(otherwise + "\n" + sample);
    }
  }

  /** A small model of random weights with a tokenizer beside it. */
  private void write(String className) throws IOException {
    BertTokenizer tokenizer =
        BertTokenizer.of(
            Files.readAllLines(VOCABULARY),
            TokenizerConfig.UNCASED.toBuilder().modelMaxLength(64).build());
    Map<String, String> labels = Map.of("0", "contradiction", "1", "neutral", "2", "entailment");
    MegatronBertConfig config =
        MegatronBertConfig.ofSizes(2, 32, 2, 64, tokenizer.vocabularySize(), 64)
            .with("initializer_range", 0.3)
            .with("id2label", labels);
    Path model = folder.resolve(className);
    try (RandomCheckpoint checkpoint = RandomCheckpoint.of(config, ModelClass.of(className), 7)) {
      new CheckpointConverter(checkpoint).toHuggingFace(model);
    }
    tokenizer.save(model);
    models.put(className, model);
  }

  /** Runs; a sample before the first and after every round. */
  List<Sample> run(int requests, int rounds, PrintStream log) throws Exception {
    List<Sample> samples = new ArrayList<>();
    samples.add(sample(0, 0));
    for (int round = 0; round < rounds; round++) {
      long open = round(requests / rounds, round);
      Sample sample = sample((long) (round + 1) * (requests / rounds), open);
      samples.add(sample);
      log.println(sample);
    }
    log.println(opened + " models were opened and closed");
    return samples;
  }

  private MegaBert open(String className) {
    try {
      opened.incrementAndGet();
      return MegaBert.builder().backend("vector").load(models.get(className));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A round; the memory that is in use before its models are closed. */
  private long round(int requests, int round) throws InterruptedException, ExecutionException {
    try (MegaBert general = open("MegatronBertForPreTraining");
        MegaBert classifying = open("MegatronBertForSequenceClassification");
        MegaBert tagging = open("MegatronBertForTokenClassification");
        MegaBert answering = open("MegatronBertForQuestionAnswering");
        MegaBert choosing = open("MegatronBertForMultipleChoice");
        MegaBert generating = open("MegatronBertForCausalLM");
        RequestBatcher<String, TextEmbedding.Embedding> batcher =
            RequestBatcher.of(
                general.textEmbedding(),
                TextEmbedding.Options.DEFAULT,
                RequestBatcher.Options.DEFAULT
                    .withLatency(Duration.ofMillis(1))
                    .withBudget(1000)
                    .withDeadline(RequestBatcher.Options.NO_DEADLINE));
        ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      Requests kinds =
          new Requests(general, classifying, tagging, answering, choosing, generating, batcher);
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        int seed = round * THREADS + t;
        int share = requests / THREADS + (t < requests % THREADS ? 1 : 0);
        running.add(threads.submit(() -> many(kinds, new SplittableRandom(seed), share)));
      }
      for (Future<?> thread : running) {
        thread.get();
      }
      return tracked();
    }
  }

  private void many(Requests requests, SplittableRandom random, int count) {
    for (int i = 0; i < count; i++) {
      String text = WORDS.substring(random.nextInt(20), 25 + random.nextInt(60));
      if (random.nextInt(200) == 0) {
        try (MegaBert another = open("MegatronBertForPreTraining")) {
          another.fillMask().apply(text + " [MASK]");
        }
      } else {
        requests.one(random.nextInt(12), text);
      }
    }
  }

  /** The kinds of requests, on models that are open. */
  private record Requests(
      MegaBert general,
      MegaBert classifying,
      MegaBert tagging,
      MegaBert answering,
      MegaBert choosing,
      MegaBert generating,
      RequestBatcher<String, TextEmbedding.Embedding> batcher) {
    void one(int kind, String text) {
      switch (kind) {
        case 0 -> general.fillMask().apply(text + " [MASK].");
        case 1 -> classifying.textClassification().apply(text);
        case 2 ->
            classifying.textClassification().stream(
                    Stream.of(text, WORDS, text), TextClassification.Options.DEFAULT)
                .forEach(result -> {});
        case 3 -> general.textEmbedding().apply(WORDS.repeat(6));
        case 4 -> answering.questionAnswering().best("who visited paris?", WORDS.repeat(4));
        case 5 -> tagging.tokenClassification().apply(text);
        case 6 ->
            generating
                .textGeneration()
                .apply(
                    text,
                    TextGeneration.Options.DEFAULT.withGeneration(
                        GenerationOptions.builder().maxNewTokens(6).sample(true).build()));
        case 7 ->
            classifying.zeroShotClassification().apply(text, List.of("travel", "politics", "food"));
        case 8 -> choosing.multipleChoice().apply(text, List.of("it slept.", "it was elected."));
        case 9 -> general.nextSentence().apply(text, "it barks.");
        case 10 -> general.featureExtraction().apply(text);
        default -> refusedAndBatched(text);
      }
    }

    private void refusedAndBatched(String text) {
      try {
        classifying.textClassification().apply(WORDS.repeat(9));
        throw new AssertionError("a text that is too long was taken");
      } catch (IllegalArgumentException expected) {
        // Failures are to leave nothing behind either.
      }
      try {
        batcher.apply(text);
      } catch (InterruptedException | TimeoutException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static Sample sample(long requests, long open) throws IOException, InterruptedException {
    for (int i = 0; i < 3; i++) {
      System.gc();
      Thread.sleep(50);
    }
    // Workers end when a processor is theirs; a thread that stays is counted after five minutes.
    for (int i = 0; i < 6000 && threads() > 0; i++) {
      Thread.sleep(50);
    }
    var heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    return new Sample(
        requests,
        heap.getUsed(),
        tracked(),
        mapped(),
        residentBytes(),
        heap.getCommitted(),
        threads(),
        open);
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("megabert"))
        .count();
  }

  /** Native memory that Java code has allocated, by the JVM's own tracking. */
  private static long tracked() {
    String report;
    try {
      report =
          (String)
              ManagementFactory.getPlatformMBeanServer()
                  .invoke(
                      new ObjectName("com.sun.management:type=DiagnosticCommand"),
                      "vmNativeMemory",
                      new Object[] {new String[] {"summary", "scale=B"}},
                      new String[] {String[].class.getName()});
    } catch (JMException e) {
      throw new IllegalStateException(e);
    }
    Matcher matcher = Pattern.compile("Other \\(reserved=(\\d+)").matcher(report);
    if (!matcher.find()) {
      throw new IllegalStateException("run with -XX:NativeMemoryTracking=summary: " + report);
    }
    return Long.parseLong(matcher.group(1));
  }

  private static long mapped() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("mapped"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  private static long residentBytes() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (Files.isReadable(status)) {
      for (String line : Files.readAllLines(status)) {
        if (line.startsWith("VmRSS:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
        }
      }
    }
    return 0;
  }
}
