// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import io.github.megabert.input.HeapBudget;
import io.github.megabert.input.InputFile;
import io.github.megabert.input.LimitedInput;
import io.github.megabert.input.UnreadableFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A tokenizer's files in a folder: which there are, and the vocabulary's lines. */
final class TokenizerFiles {
  private static final String VOCAB_TXT = "vocab.txt";
  private static final String TOKENIZER_JSON = "tokenizer.json";
  private static final String TOKENIZER_CONFIG_JSON = "tokenizer_config.json";
  private static final String SPECIAL_TOKENS_MAP_JSON = "special_tokens_map.json";
  private static final String ADDED_TOKENS_JSON = "added_tokens.json";

  private static final char BYTE_ORDER_MARK = '\uFEFF';

  /** LaBSE's, the largest of the BERTs, has 5 MB. */
  private static final long LARGEST_VOCABULARY = 64L << 20;

  /** Heap of one byte of a vocabulary: its characters and its steps in the tries. */
  private static final int BYTES_A_BYTE = 8;

  private TokenizerFiles() {}

  /** Where a checkpoint's tokenizer files are: in it, or beside it. */
  static Path folderOf(Path checkpoint) {
    if (Files.isDirectory(checkpoint)) {
      return checkpoint;
    }
    Path folder = checkpoint.toAbsolutePath().getParent();
    return folder == null ? checkpoint : folder;
  }

  /** Whether a folder has tokenizer files. */
  static boolean areIn(Path folder) {
    return Files.exists(folder.resolve(TOKENIZER_JSON)) || Files.exists(folder.resolve(VOCAB_TXT));
  }

  static BertTokenizer load(Path path) throws IOException {
    if (Files.isRegularFile(path)) {
      Path folder = path.toAbsolutePath().getParent();
      return String.valueOf(path.getFileName()).endsWith(".json")
          ? ofTokenizerJson(path, folder)
          : ofVocabulary(path, folder, true);
    }
    if (!Files.isDirectory(path)) {
      throw new TokenizerException("there is no folder or vocabulary at " + path);
    }
    Path tokenizerJson = path.resolve(TOKENIZER_JSON);
    if (Files.exists(tokenizerJson)) {
      return ofTokenizerJson(tokenizerJson, path);
    }
    Path vocabTxt = path.resolve(VOCAB_TXT);
    if (!Files.exists(vocabTxt)) {
      throw new TokenizerException(
          path + " has neither a " + TOKENIZER_JSON + " nor a " + VOCAB_TXT + ".");
    }
    return ofVocabulary(vocabTxt, path, false);
  }

  private static BertTokenizer ofTokenizerJson(Path file, Path folder) throws IOException {
    TokenizerJson parsed = TokenizerJson.read(file);
    TokenizerConfig config = withSettings(parsed.config(), true, folder);
    return make(parsed.vocabulary(), config, file.toString());
  }

  private static BertTokenizer ofVocabulary(Path file, Path folder, boolean guessCase)
      throws IOException {
    List<String> vocabulary;
    try (InputStream in = InputFile.stream(file, mostVocabularyBytes())) {
      vocabulary = readVocabulary(in, file.toString());
    } catch (UnreadableFileException e) {
      throw new TokenizerException(e.getMessage(), e);
    }
    TokenizerConfig config =
        withSettings(
            guessCase && isCased(vocabulary) ? TokenizerConfig.CASED : TokenizerConfig.UNCASED,
            false,
            folder);
    Path addedTokens = folder.resolve(ADDED_TOKENS_JSON);
    ObjectNode added = object(addedTokens);
    if (added != null) {
      config = TokenizerConfigJson.applyAddedTokens(added, config, addedTokens.toString());
    }
    return make(vocabulary, config, file.toString());
  }

  /** Whether more than a few tokens, names of special tokens aside, have capital letters. */
  private static boolean isCased(List<String> vocabulary) {
    long capitals =
        vocabulary.stream()
            .filter(token -> !token.startsWith("["))
            .filter(token -> token.chars().anyMatch(Character::isUpperCase))
            .count();
    return capitals > vocabulary.size() / 100;
  }

  /**
   * A configuration with what {@code tokenizer_config.json} and {@code special_tokens_map.json}
   * say, where they are.
   */
  private static TokenizerConfig withSettings(
      TokenizerConfig config, boolean ofTokenizerJson, Path folder) throws IOException {
    Path file = folder.resolve(TOKENIZER_CONFIG_JSON);
    Path mapFile = folder.resolve(SPECIAL_TOKENS_MAP_JSON);
    ObjectNode settings = object(file);
    ObjectNode map = object(mapFile);
    if (settings == null && map == null) {
      return config;
    }
    String source = settings == null ? mapFile.toString() : file.toString();
    ObjectNode merged =
        SpecialTokensJson.merged(
            settings == null ? JsonNodeFactory.instance.objectNode() : settings,
            map,
            mapFile.toString());
    return TokenizerConfigJson.apply(merged, config, ofTokenizerJson, source);
  }

  /** A file's JSON object; null where there is no such file. */
  private static @Nullable ObjectNode object(Path file) throws IOException {
    return Files.exists(file) ? Json.object(file) : null;
  }

  static BertTokenizer read(InputStream vocabTxt, @Nullable InputStream tokenizerConfigJson)
      throws IOException {
    List<String> vocabulary =
        readVocabulary(new LimitedInput(vocabTxt, VOCAB_TXT, mostVocabularyBytes()), VOCAB_TXT);
    TokenizerConfig config = TokenizerConfig.UNCASED;
    if (tokenizerConfigJson != null) {
      config =
          TokenizerConfigJson.apply(
              SpecialTokensJson.merged(
                  Json.object(tokenizerConfigJson, TOKENIZER_CONFIG_JSON), null, ""),
              config,
              false,
              TOKENIZER_CONFIG_JSON);
    }
    return make(vocabulary, config, VOCAB_TXT);
  }

  private static BertTokenizer make(List<String> vocabulary, TokenizerConfig config, String source)
      throws TokenizerException {
    try {
      return BertTokenizer.of(vocabulary, config);
    } catch (IllegalArgumentException e) {
      throw new TokenizerException(source + ": " + e.getMessage(), e);
    } catch (OutOfMemoryError e) {
      throw new TokenizerException(
          source + " does not fit into " + HeapBudget.heap() + " beside what is there.", e);
    }
  }

  private static long mostVocabularyBytes() {
    return HeapBudget.most(LARGEST_VOCABULARY, BYTES_A_BYTE);
  }

  /**
   * A token a line, as the reference reads it: white space at the end of a line goes. A byte order
   * mark, which some editors write, is no part of the first token.
   */
  private static List<String> readVocabulary(InputStream in, String source) throws IOException {
    List<String> tokens = new ArrayList<>(1 << 15);
    try {
      String text = decode(in.readAllBytes(), source);
      int start = !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? 1 : 0;
      while (start < text.length()) {
        int newline = text.indexOf('\n', start);
        int end = newline < 0 ? text.length() : newline;
        addToken(text, start, end, tokens, source);
        start = end + 1;
      }
    } catch (OutOfMemoryError e) {
      throw new TokenizerException(source + " does not fit into " + HeapBudget.heap() + ".", e);
    }
    if (tokens.isEmpty()) {
      throw new TokenizerException(source + " is empty; it needs a token a line.");
    }
    return tokens;
  }

  private static String decode(byte[] bytes, String source) throws TokenizerException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    if (StandardCharsets.UTF_8.newDecoder().decode(in, out, true).isError()) {
      int line = 1;
      for (int i = 0; i < in.position(); i++) {
        line += bytes[i] == '\n' ? 1 : 0;
      }
      throw new TokenizerException(source + " is not UTF-8 text (line " + line + ").");
    }
    return out.flip().toString();
  }

  private static void addToken(String text, int start, int end, List<String> tokens, String source)
      throws TokenizerException {
    long most = Vocabulary.mostTokens();
    if (tokens.size() == most) {
      throw new TokenizerException(
          source
              + " has more than the "
              + most
              + " lines that are read with "
              + HeapBudget.heap()
              + "; is it a vocabulary?");
    }
    int stripped = end;
    while (stripped > start && CharacterClasses.isWhitespace(text.charAt(stripped - 1))) {
      stripped--;
    }
    tokens.add(text.substring(start, stripped));
  }

  static void save(BertTokenizer tokenizer, Path folder) throws IOException {
    Vocabulary vocabulary = tokenizer.vocabulary();
    StringBuilder lines = new StringBuilder(8 * vocabulary.modelSize());
    for (int id = 0; id < vocabulary.modelSize(); id++) {
      String token = vocabulary.token(id);
      if (token.indexOf('\n') >= 0 || token.indexOf('\r') >= 0) {
        throw new TokenizerException(
            "Token " + id + " has a line break in it, which vocab.txt cannot hold.");
      }
      lines.append(token).append('\n');
    }
    String settings = TokenizerConfigJson.write(tokenizer);
    Files.createDirectories(folder);
    Files.writeString(folder.resolve(VOCAB_TXT), lines);
    Files.writeString(folder.resolve(TOKENIZER_CONFIG_JSON), settings);
  }
}
