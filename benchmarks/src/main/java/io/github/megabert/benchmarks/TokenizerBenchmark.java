// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks;

import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Tokens a second of one thread, encoding English prose of some 70 tokens a text; a few words in a
 * hundred are accented or unknown to the vocabulary. {@code -p folder=…} names the tokenizer.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class TokenizerBenchmark {
  private static final String PROSE =
      """
      It was late in the afternoon when the committee finally agreed on a compromise, and by then
      most of the journalists had left. "We're not entirely satisfied," said Dr. Eleanor Whitcombe,
      the chairwoman, "but it's better than nothing." The proposal, worth roughly $4.5 million over
      three years, would fund 27 research groups studying photosynthesis, ocean acidification and
      antibiotic resistance. Critics argued that the figures were misleading: in 2019 alone, more
      than 12,000 hectares of peatland had been drained. Opposite the town hall a café served
      mulled wine to shivering passers-by, and somebody's dachshund barked at the tramway. The
      electroencephalographic measurements, published in the university's quarterly, suggested
      otherwise; nevertheless, the author's re-examination (see pp. 118-131) wasn't conclusive.
      """;

  @Param("core/src/test/resources/fixtures/tokenizer")
  String folder = "";

  private BertTokenizer tokenizer;
  private final List<String> texts = new ArrayList<>();

  /** Counts tokens beside calls. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Tokens {
    /** Tokens made, special ones included. */
    public long tokens;
  }

  /** Mixes the prose's sentences into 256 texts, so that no branch learns one text by heart. */
  @Setup
  public void load() throws IOException {
    tokenizer = BertTokenizer.load(Path.of(folder));
    String[] sentences = PROSE.replace('\n', ' ').split("(?<=[.;:]) ", -1);
    Random random = new Random(1);
    for (int i = 0; i < 256; i++) {
      StringBuilder text = new StringBuilder();
      for (int k = 0; k < 4; k++) {
        text.append(sentences[random.nextInt(sentences.length)]).append(' ');
      }
      texts.add(text.toString());
    }
  }

  /** Encodes all texts, with offsets and everything else an encoding holds. */
  @Benchmark
  public int encode(Tokens counter) {
    int sum = 0;
    for (String text : texts) {
      Encoding encoding = tokenizer.encode(text);
      counter.tokens += encoding.size();
      sum += encoding.ids()[1];
    }
    return sum;
  }
}
