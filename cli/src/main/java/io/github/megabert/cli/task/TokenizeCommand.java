// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.cli.task;

import io.github.megabert.MegaBert;
import io.github.megabert.cli.option.JsonOption;
import io.github.megabert.cli.option.Numbers;
import io.github.megabert.cli.option.TextArguments;
import io.github.megabert.hub.Hub;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.Encoding;
import io.github.megabert.tokenizer.EncodingOptions;
import io.github.megabert.tokenizer.Truncation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code megabert tokenize}. */
@Command(
    name = "tokenize",
    mixinStandardHelpOptions = true,
    description =
        "Splits texts into tokens, with ids and positions in the text. No model is needed.",
    footer = {
      "",
      "Examples:",
      "  megabert tokenize \"a dog is a domesticated animal.\"",
      "  megabert tokenize --vocab vocab.txt --json < texts.txt"
    })
public final class TokenizeCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "PATH",
      description =
          "A folder with tokenizer files, whether a model is in it or not, or a checkpoint "
              + "beside them. Default: the embedded model's.")
  private @Nullable Path model;

  @Option(
      names = "--vocab",
      paramLabel = "PATH",
      description =
          "A vocab.txt, a tokenizer.json, or a folder with tokenizer files, in place of the "
              + "model's own.")
  private @Nullable Path vocab;

  @Mixin private JsonOption output = new JsonOption();
  @Mixin private TextArguments arguments = new TextArguments();

  @Option(names = "--pair", paramLabel = "TEXT2", description = "A second text for every text.")
  private @Nullable String pair;

  @Option(
      names = "--max-length",
      paramLabel = "N",
      converter = Numbers.AtLeastOne.class,
      description = "Cut to so many tokens. Default: no cut.")
  private @Nullable Integer maxLength;

  @Override
  public Integer call() throws IOException {
    EncodingOptions options =
        maxLength == null
            ? EncodingOptions.DEFAULT
            : EncodingOptions.DEFAULT.withTruncation(Truncation.LONGEST_FIRST, maxLength);
    BertTokenizer tokenizer = tokenizer();
    try (JsonOption.Results results = output.results()) {
      return arguments.answer(
          texts -> texts.stream().map(text -> tokenizer.encode(text, pair, options)).toList(),
          results.of((where, encoding) -> print(results, encoding)));
    }
  }

  /** The one that {@code --vocab} names, as in every command, else the model's. */
  private BertTokenizer tokenizer() throws IOException {
    Path path = model == null ? null : Hub.locate(model);
    if (path != null && Files.notExists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    if (vocab != null) {
      return BertTokenizer.load(vocab);
    }
    return path == null ? MegaBert.demoTokenizer() : BertTokenizer.beside(path);
  }

  private static void print(JsonOption.Results results, Encoding encoding) {
    if (results.isJson()) {
      results.add(json(encoding));
      return;
    }
    for (int i = 0; i < encoding.size(); i++) {
      results.line(
          String.format(
              Locale.ROOT,
              "%6d  %-20s  %d-%d",
              encoding.ids()[i],
              encoding.tokens().get(i),
              encoding.charStart()[i],
              encoding.charEnd()[i]));
    }
    results.line(
        encoding.isTruncated()
            ? encoding.size() + " tokens, " + encoding.truncatedTokens() + " more were cut\n"
            : encoding.size() + " tokens\n");
  }

  private static ObjectNode json(Encoding encoding) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    ArrayNode tokens = object.putArray("tokens");
    encoding.tokens().forEach(tokens::add);
    put(object.putArray("ids"), encoding.ids());
    put(object.putArray("type_ids"), encoding.typeIds());
    put(object.putArray("attention_mask"), encoding.attentionMask());
    put(object.putArray("special_tokens_mask"), encoding.specialTokensMask());
    ArrayNode words = object.putArray("word_ids");
    for (int word : encoding.wordIds()) {
      if (word < 0) {
        words.addNull();
      } else {
        words.add(word);
      }
    }
    putPairs(object.putArray("offsets"), encoding.charStart(), encoding.charEnd());
    putPairs(
        object.putArray("code_point_offsets"), encoding.codePointStart(), encoding.codePointEnd());
    if (encoding.isTruncated()) {
      object.put("truncated_tokens", encoding.truncatedTokens());
    }
    return object;
  }

  private static void put(ArrayNode array, int[] values) {
    for (int value : values) {
      array.add(value);
    }
  }

  private static void putPairs(ArrayNode array, int[] starts, int[] ends) {
    for (int i = 0; i < starts.length; i++) {
      array.addArray().add(starts[i]).add(ends[i]);
    }
  }
}
