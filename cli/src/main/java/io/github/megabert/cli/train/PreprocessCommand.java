// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.MegaBert;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.option.VocabOption;
import io.github.megabert.cli.terminal.Progress;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.train.data.DocumentReader;
import io.github.megabert.train.data.TrainingData;
import io.github.megabert.train.data.indexed.CorpusBuilder;
import io.github.megabert.train.data.indexed.IndexedDataset;
import io.github.megabert.train.data.indexed.IndexedDatasetWriter;
import io.github.megabert.train.data.indexed.TokenType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code megabert preprocess}. */
@Command(
    name = "preprocess",
    mixinStandardHelpOptions = true,
    description =
        "Tokenizes texts into the files that pre-training reads, in Megatron-LM's format.",
    footer = {
      "",
      "A file in JSON (.jsonl, .ndjson, .json) has a document a line: the text, or a list of its"
          + " sentences,",
      "stands under a key. In any other file a line is a sentence, and an empty line divides"
          + " documents.",
      "",
      "Examples:",
      "  megabert preprocess --input books.txt news.jsonl --split-sentences --output corpus",
      "  megabert preprocess --merge corpus-1 corpus-2 --output corpus"
    })
public final class PreprocessCommand implements Callable<Integer> {
  private static final String DEFAULT_KEY = "text";

  @Mixin private VocabOption vocab = new VocabOption();
  @Mixin private JsonOption json = new JsonOption();

  @Option(
      names = "--input",
      paramLabel = "FILE",
      arity = "1..*",
      description = "Texts, one file after the other.")
  private List<Path> inputs = List.of();

  @Option(
      names = "--merge",
      paramLabel = "PREFIX",
      arity = "1..*",
      description = "Corpora to join, in place of --input.")
  private List<Path> merged = List.of();

  @Option(
      names = "--output",
      paramLabel = "PREFIX",
      required = true,
      description = "What is written: PREFIX.bin and PREFIX.idx.")
  private Path output = Path.of("");

  @Option(
      names = "--split-sentences",
      description = "Find sentences in the text, wherever its lines are broken.")
  private boolean splitSentences;

  @Option(
      names = "--json-key",
      paramLabel = "KEY",
      description = "Under which key JSON files have the text. Default: text.")
  private @Nullable String jsonKey;

  @Option(names = "--append-eod", description = "End every document with [SEP].")
  private boolean appendEnd;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      converter = TypeNames.class,
      completionCandidates = TypeNames.class,
      description =
          "How a token is stored: uint8, int8, int16, uint16, int32, int64, float32 or float64."
              + " Default: the smallest for the vocabulary.")
  private @Nullable TokenType type;

  @Option(
      names = "--workers",
      paramLabel = "N",
      converter = Workers.class,
      description = "Threads that tokenize. Default: one a processor.")
  private @Nullable Integer workers;

  /** Names for {@code --dtype}. */
  static final class TypeNames implements Iterable<String>, ITypeConverter<TokenType> {
    @Override
    public Iterator<String> iterator() {
      return Arrays.stream(TokenType.values()).map(TokenType::numpyName).iterator();
    }

    @Override
    public TokenType convert(String text) {
      try {
        return TokenType.ofNumpyName(text.toLowerCase(Locale.ROOT));
      } catch (IllegalArgumentException unknown) {
        throw new TypeConversionException(unknown.getMessage());
      }
    }
  }

  /** A number of threads. */
  static final class Workers implements ITypeConverter<Integer> {
    private static final int MOST = 1024;

    @Override
    public Integer convert(String text) {
      int count = new Numbers.AtLeastOne().convert(text);
      if (count > MOST) {
        throw new TypeConversionException("\"" + text + "\" is not at most " + MOST);
      }
      return count;
    }
  }

  @Override
  public Integer call() throws IOException {
    WrongUsage.unless(
        inputs.isEmpty() != merged.isEmpty(),
        "either --input or --merge says what the corpus is made of");
    WrongUsage.unless(
        !output.toString().isEmpty(), "--output is empty; name a prefix, such as corpus");
    if (merged.isEmpty()) {
      tokenize();
    } else {
      merge();
    }
    return 0;
  }

  private void tokenize() throws IOException {
    boolean hasJson = inputs.stream().anyMatch(TrainingData::isJson);
    WrongUsage.unless(
        jsonKey == null || hasJson, "--json-key is for files in JSON, and --input names none");
    Path words = vocab.path();
    BertTokenizer tokenizer = words == null ? MegaBert.demoTokenizer() : BertTokenizer.load(words);
    TokenType smallest = TokenType.smallestFor(tokenizer.vocabularySize());
    TokenType stored = type == null ? smallest : type;
    WrongUsage.unless(
        stored.most() >= tokenizer.vocabularySize() - 1,
        "--dtype "
            + stored.numpyName()
            + " holds ids up to "
            + stored.most()
            + ", the vocabulary has "
            + tokenizer.vocabularySize()
            + " tokens: "
            + smallest.numpyName()
            + " does");
    int threads = workers == null ? Runtime.getRuntime().availableProcessors() : workers;
    String key = jsonKey == null ? DEFAULT_KEY : jsonKey;
    long total = 0;
    for (Path input : inputs) {
      // Before the files ahead of a missing one are tokenized, which may take long.
      TrainingData.documents(input, key).close();
      total += Files.size(input);
    }
    try (IndexedDatasetWriter writer = IndexedDatasetWriter.create(output, stored);
        CorpusBuilder builder =
            new CorpusBuilder(writer, tokenizer, splitSentences, appendEnd, threads)) {
      long before = 0;
      for (Path input : inputs) {
        try (DocumentReader reader = TrainingData.documents(input, key)) {
          long read = before;
          long all = total;
          builder.add(
              reader, bytes -> Progress.show("tokenizing", " MB", 1_000_000, read + bytes, all));
          before += reader.bytes();
        }
      }
      commit(writer, stored);
    }
  }

  private void merge() throws IOException {
    WrongUsage.unless(
        vocab.path() == null
            && !splitSentences
            && jsonKey == null
            && !appendEnd
            && type == null
            && workers == null,
        "--merge joins corpora as they are: --vocab, --split-sentences, --json-key, --append-eod,"
            + " --dtype and --workers are for --input");
    TokenType first;
    try (IndexedDataset data = IndexedDataset.open(merged.getFirst())) {
      first = data.type();
    }
    try (IndexedDatasetWriter writer = IndexedDatasetWriter.create(output, first)) {
      int done = 0;
      for (Path prefix : merged) {
        Progress.show("merging", " corpora", 1, done++, merged.size());
        try (IndexedDataset data = IndexedDataset.open(prefix)) {
          writer.append(data);
        }
      }
      commit(writer, first);
    }
  }

  private void commit(IndexedDatasetWriter writer, TokenType stored) throws IOException {
    long tokens = writer.tokens();
    writer.commit();
    Progress.end();
    if (json.json) {
      JsonOption.print(
          JsonNodeFactory.instance
              .objectNode()
              .put("output", output.toString())
              .put("documents", writer.documents())
              .put("sequences", writer.sequences())
              .put("tokens", tokens)
              .put("dtype", stored.numpyName()));
    } else {
      System.err.printf(
          Locale.ROOT,
          "megabert: %s: %d documents, %d sequences, %d tokens in %s%n",
          output,
          writer.documents(),
          writer.sequences(),
          tokens,
          stored.numpyName());
    }
  }
}
