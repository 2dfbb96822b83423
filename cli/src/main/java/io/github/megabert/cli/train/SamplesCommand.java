// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.MegaBert;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.option.VocabOption;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.train.data.samples.BlendedSamples;
import io.github.megabert.train.data.samples.Corpora;
import io.github.megabert.train.data.samples.DataSplit;
import io.github.megabert.train.data.samples.DocumentRange;
import io.github.megabert.train.data.samples.MaskedSample;
import io.github.megabert.train.data.samples.MaskedSamples;
import io.github.megabert.train.data.samples.Objective;
import io.github.megabert.train.data.samples.SampleIndex;
import io.github.megabert.train.data.samples.SampleOptions;
import io.github.megabert.train.data.samples.SampleSource;
import io.github.megabert.train.data.samples.SamplesFile;
import io.github.megabert.train.data.samples.WordPieces;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code megabert samples}. */
@Command(
    name = "samples",
    mixinStandardHelpOptions = true,
    description = "Writes pre-training samples as Megatron-LM draws them, to the bit.",
    footer = {
      "",
      "The file has sample_index [n, 3] of all samples: first sentence, end, target length; and of"
          + " the first",
      "ones text, types, labels, padding_mask, loss_mask [k, length], is_random and truncated [k].",
      "",
      "Examples:",
      "  megabert samples --data corpus --seq-length 128 --output samples.safetensors",
      "  megabert samples --data 0.7 books 0.3 news --num-samples 100000 --output"
          + " samples.safetensors"
    })
public final class SamplesCommand implements Callable<Integer> {
  private static final int DEFAULT_COUNT = 1024;

  @Mixin private CorpusOptions corpus = new CorpusOptions();
  @Mixin private VocabOption vocab = new VocabOption();
  @Mixin private JsonOption json = new JsonOption();

  @Option(
      names = "--output",
      paramLabel = "FILE",
      required = true,
      description = "The safetensors file to write.")
  private Path output = Path.of("");

  @Option(
      names = "--documents",
      paramLabel = "FROM:TO",
      converter = Documents.class,
      description = "The documents that are taken, TO not included. Default: all.")
  private @Nullable DocumentRange documents;

  @Option(
      names = "--part",
      paramLabel = "NAME",
      description = "Which part of --split is taken: train, validation or test. Default: train.")
  private DataSplit.@Nullable Part part;

  @Option(
      names = "--num-samples",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description =
          "Samples at least; passes over the documents go on until there are as many. Default: one"
              + " pass.")
  private @Nullable Integer samples;

  @Option(
      names = "--count",
      paramLabel = "K",
      converter = Numbers.AtLeastOne.class,
      description = "Samples that are written, the first ones. Default: ${DEFAULT-VALUE}.")
  private int count = DEFAULT_COUNT;

  @Option(
      names = "--seed",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Of all that is drawn. Default: ${DEFAULT-VALUE}.")
  private int seed = SampleOptions.DEFAULT.seed();

  /** Reads {@code --documents}. */
  static final class Documents implements ITypeConverter<DocumentRange> {
    @Override
    public DocumentRange convert(String text) {
      String[] ends = text.split(":", -1);
      try {
        if (ends.length == 2) {
          return new DocumentRange(Integer.parseInt(ends[0]), Integer.parseInt(ends[1]));
        }
      } catch (NumberFormatException notANumber) {
        // Said below.
      } catch (IllegalArgumentException empty) {
        throw new TypeConversionException(empty.getMessage());
      }
      throw new TypeConversionException(
          "\"" + text + "\" is no range; numbers such as 0:63 are expected");
    }
  }

  @Override
  public Integer call() throws IOException {
    WrongUsage.unless(
        corpus.objective() != Objective.CAUSAL,
        "--objective clm has no masked samples: mlm+sop or mlm is expected");
    WrongUsage.unless(
        documents == null || (corpus.split() == null && part == null),
        "--documents and --split or --part both say which documents are taken: leave one out");
    corpus.requireConsistent();
    SampleOptions options = corpus.samples(seed);
    WordPieces pieces = new WordPieces(tokenizer());
    try (Corpora corpora = corpus.open()) {
      SampleSource<MaskedSample> drawn =
          corpora
              .draw(
                  selection(),
                  samples == null ? 0 : samples,
                  (data, range, wanted) -> MaskedSamples.of(data, pieces, range, options, wanted))
              .orElseThrow(() -> new WrongUsage("--part: the split has no document in this part"));
      long begin = System.nanoTime();
      int written = Math.min(count, drawn.size());
      long tokens = SamplesFile.write(output, drawn, pieces, options.sequenceLength(), written);
      double seconds = (System.nanoTime() - begin) * 1e-9;
      reportLeftOut(drawn);
      report(drawn.size(), written, tokens, seconds);
    }
    return 0;
  }

  private BertTokenizer tokenizer() throws IOException {
    Path words = vocab.path();
    return words == null ? MegaBert.demoTokenizer() : BertTokenizer.load(words);
  }

  private Corpora.Selection selection() {
    if (documents != null) {
      DocumentRange range = documents;
      return data -> Optional.of(range);
    }
    DataSplit split = corpus.split();
    if (split == null && part == null) {
      return data -> Optional.of(DocumentRange.all(data));
    }
    DataSplit divided = split == null ? DataSplit.DEFAULT : split;
    DataSplit.Part taken = part == null ? DataSplit.Part.TRAIN : part;
    return data -> divided.range(taken, data);
  }

  /**
   * Documents that Megatron-LM's rule leaves out are easily taken for ones that are learnt from.
   */
  private static void reportLeftOut(SampleSource<MaskedSample> drawn) {
    List<? extends SampleSource<MaskedSample>> sources =
        drawn instanceof BlendedSamples<MaskedSample> blend ? blend.sources() : List.of(drawn);
    int empty = 0;
    int tooShort = 0;
    int longSentence = 0;
    for (SampleSource<MaskedSample> source : sources) {
      if (source instanceof MaskedSamples samples) {
        SampleIndex.LeftOut leftOut = samples.index().leftOut();
        empty += leftOut.empty();
        tooShort += leftOut.tooShort();
        longSentence += leftOut.longSentence();
      }
    }
    if (empty + tooShort + longSentence > 0) {
      System.err.println(
          "megabert: documents that give no sample: "
              + empty
              + " empty, "
              + tooShort
              + " of one sentence, "
              + longSentence
              + " with a sentence of more than 512 tokens");
    }
  }

  private void report(int size, int written, long tokens, double seconds) {
    if (json.json) {
      JsonOption.print(
          JsonNodeFactory.instance
              .objectNode()
              .put("output", output.toString())
              .put("samples", size)
              .put("written", written)
              .put("tokens", tokens)
              .put("seconds", seconds)
              .put("tokens_per_second", tokens / seconds));
    } else {
      System.err.printf(
          Locale.ROOT,
          "megabert: %d of %d samples written to %s, %d tokens in %.2f s, %.0f tokens/s%n",
          written,
          size,
          output,
          tokens,
          seconds,
          tokens / seconds);
    }
  }
}
