// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.train;

import io.github.megabert.cli.option.DeviceOptions;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.terminal.Progress;
import io.github.megabert.cli.terminal.WrongUsage;
import io.github.megabert.tokenizer.AddedToken;
import io.github.megabert.tokenizer.TokenizerConfig;
import io.github.megabert.tokenizer.training.TrainedVocabulary;
import io.github.megabert.tokenizer.training.WordPieceOptions;
import io.github.megabert.tokenizer.training.WordPieceTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.node.JsonNodeFactory;

/** {@code megabert train-tokenizer}. */
@Command(
    name = "train-tokenizer",
    mixinStandardHelpOptions = true,
    description = "Learns a WordPiece vocabulary from texts.",
    footer = {
      "",
      "The folder holds vocab.txt and tokenizer_config.json; every command takes it as --vocab.",
      "",
      "Examples:",
      "  megabert train-tokenizer --input corpus.txt --output my-tokenizer --vocab-size 8192",
      "  megabert train-tokenizer --input a.txt b.txt --output cased --cased --min-frequency 5",
      "  megabert tokenize --vocab my-tokenizer \"a dog barks.\""
    })
public final class TrainTokenizerCommand implements Callable<Integer> {
  @Option(
      names = "--input",
      paramLabel = "FILE",
      arity = "1..*",
      required = true,
      description = "Texts in UTF-8, of any size.")
  private List<Path> inputs = List.of();

  @Option(
      names = "--output",
      paramLabel = "DIR",
      required = true,
      description = "The folder to make: a new or empty one.")
  private Path output = Path.of("");

  @Option(
      names = "--vocab-size",
      paramLabel = "N",
      converter = VocabularySize.class,
      defaultValue = "30000",
      description = "Tokens at most, special ones included. Default: ${DEFAULT-VALUE}.")
  private int vocabularySize;

  @Option(
      names = "--cased",
      description = "Keep capital letters and accents. Default: lower case, without accents.")
  private boolean cased;

  @Option(
      names = "--min-frequency",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      defaultValue = "2",
      description =
          "How often two pieces must stand together to become one. Default: ${DEFAULT-VALUE}.")
  private int minFrequency;

  @Option(
      names = "--limit-alphabet",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      defaultValue = "1000",
      description =
          "Characters at most; of more the rarest are left out. Default: ${DEFAULT-VALUE}.")
  private int limitAlphabet;

  @Option(
      names = "--special-tokens",
      paramLabel = "TOKEN",
      split = ",",
      description =
          "Further special tokens, divided by commas, after [PAD], [UNK], [CLS], [SEP] and [MASK].")
  private List<String> specialTokens = List.of();

  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = DeviceOptions.Threads.class,
      description = "Threads that count words. Default: all processors.")
  private @Nullable Integer threads;

  @Mixin private JsonOption json = new JsonOption();

  /** A size that vocabularies can have. */
  static final class VocabularySize implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) throws Exception {
      int size = new Numbers.AtLeastOne().convert(text);
      if (size > WordPieceOptions.MOST_TOKENS) {
        throw new TypeConversionException(
            "\""
                + text
                + "\" is more than the "
                + WordPieceOptions.MOST_TOKENS
                + " tokens that are read");
      }
      return size;
    }
  }

  @Override
  public Integer call() throws IOException {
    requireFree(output);
    long start = System.nanoTime();
    long bytes = 0;
    for (Path input : inputs) {
      bytes += Files.exists(input) ? Files.size(input) : 0;
    }
    int count = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    TrainedVocabulary learnt =
        new WordPieceTrainer(options(), count, new ShownProgress(bytes)).train(inputs);
    learnt.save(output);
    Progress.end();
    warn(learnt);
    print(learnt, (System.nanoTime() - start) / 1e9);
    return 0;
  }

  /** Before minutes are spent on what cannot be written. */
  private static void requireFree(Path output) throws IOException {
    if (!Files.exists(output)) {
      return;
    }
    WrongUsage.unless(Files.isDirectory(output), "--output: " + output + " is not a folder");
    try (Stream<Path> entries = Files.list(output)) {
      WrongUsage.unless(
          entries.findAny().isEmpty(), "--output: " + output + " is not empty; name a new folder");
    }
  }

  private WordPieceOptions options() {
    TokenizerConfig.Builder config = TokenizerConfig.builder().lowerCase(!cased);
    try {
      specialTokens.forEach(token -> config.addToken(AddedToken.special(token)));
    } catch (IllegalArgumentException e) {
      throw new WrongUsage("--special-tokens: " + e.getMessage());
    }
    return new WordPieceOptions(vocabularySize, config.build(), minFrequency, limitAlphabet);
  }

  private record ShownProgress(long bytes) implements WordPieceTrainer.Listener {
    @Override
    public void counted(long done) {
      Progress.show("counting words", " MB", 1_000_000, done, bytes);
    }

    @Override
    public void learnt(int tokens) {
      Progress.show("learning", " tokens", 1, tokens, -1);
    }
  }

  private void warn(TrainedVocabulary learnt) {
    if (learnt.longWords() > 0) {
      System.err.println(
          "megabert: words of more than 1000 characters were left out: " + learnt.longWords());
    }
    if (learnt.droppedCount() > 0) {
      System.err.println(
          "megabert: the memory did not hold all different words; those that had come at most "
              + learnt.droppedCount()
              + " times were dropped (MEGABERT_JAVA_OPTIONS=-Xmx8g gives Java more)");
    }
    if (learnt.tokens().size() < vocabularySize) {
      System.err.println(
          "megabert: "
              + learnt.tokens().size()
              + " tokens are all that there are: no two pieces stand together "
              + minFrequency
              + " times any more");
    }
  }

  private void print(TrainedVocabulary learnt, double seconds) {
    if (json.json) {
      JsonOption.print(
          JsonNodeFactory.instance
              .objectNode()
              .put("output", output.toString())
              .put("vocab_size", learnt.tokens().size())
              .put("words", learnt.words())
              .put("distinct_words", learnt.distinctWords())
              .put("seconds", seconds));
      return;
    }
    System.out.println(
        String.format(
            Locale.ROOT,
            "%s: %d tokens, learnt from %d words (%d different ones) in %.1f s",
            output,
            learnt.tokens().size(),
            learnt.words(),
            learnt.distinctWords(),
            seconds));
  }
}
