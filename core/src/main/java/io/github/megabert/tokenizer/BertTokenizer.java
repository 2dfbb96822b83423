// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import io.github.megabert.input.Quote;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * BERT's tokenizer, equal to Hugging Face's {@code BertTokenizerFast}: ids, words, offsets,
 * truncation windows and decoded text. Immutable and thread-safe.
 */
public final class BertTokenizer {
  private final Vocabulary vocabulary;
  private final TokenizerConfig config;
  private final TextTokenizer textTokenizer;
  private final Decoder decoder;
  private final int unknownId;
  private final int clsId;
  private final int sepId;
  private final int padId;
  private final int maskId;

  private BertTokenizer(List<String> model, TokenizerConfig config) {
    List<AddedToken> added = new ArrayList<>(config.addedTokens());
    for (String special : config.specialTokens()) {
      if (added.stream().noneMatch(token -> token.content().equals(special))) {
        added.add(AddedToken.special(special));
      }
    }
    refuseMissing(model, config);
    this.config = config;
    vocabulary = new Vocabulary(model, added);
    unknownId = vocabulary.id(config.unknownToken());
    clsId = vocabulary.id(config.clsToken());
    sepId = vocabulary.id(config.sepToken());
    padId = vocabulary.id(config.padToken());
    maskId = vocabulary.id(config.maskToken());
    TextNormalizer normalizer = new TextNormalizer(config);
    textTokenizer = new TextTokenizer(vocabulary, config, normalizer, unknownId);
    decoder = new Decoder(vocabulary, config, normalizer);
  }

  /** A special token that the model has no embedding for would only fail later, and darkly. */
  private static void refuseMissing(List<String> model, TokenizerConfig config) {
    List<String> missing = new ArrayList<>(config.specialTokens());
    missing.removeAll(model);
    for (AddedToken token : config.addedTokens()) {
      missing.remove(token.content());
    }
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "The vocabulary of %d tokens lacks the special token%s %s; is it BERT's, and are "
                  + "the names right?",
              model.size(),
              missing.size() > 1 ? "s" : "",
              Quote.list(missing)));
    }
  }

  /**
   * Loads a folder: {@code tokenizer.json} where there is one, else {@code vocab.txt}; either with
   * {@code tokenizer_config.json} where there is one, whose settings come first. A vocabulary or a
   * {@code tokenizer.json} may also be named itself, whatever its name. Without settings a folder's
   * vocabulary is taken for an uncased one, as in transformers; one that is named itself for a
   * cased one if it has capital letters.
   *
   * @throws TokenizerException if the files are missing, malformed or of another kind of tokenizer
   * @throws IOException if reading fails
   */
  public static BertTokenizer load(Path folder) throws IOException {
    return TokenizerFiles.load(folder);
  }

  /**
   * Loads the tokenizer of a checkpoint: a folder, whose weights are not looked at, or a file with
   * tokenizer files beside it.
   *
   * @throws TokenizerException if there are none, or they are malformed
   * @throws IOException if reading fails
   */
  public static BertTokenizer beside(Path checkpoint) throws IOException {
    return TokenizerFiles.load(TokenizerFiles.folderOf(checkpoint));
  }

  /**
   * As {@link #beside}, where there may be no tokenizer.
   *
   * @throws TokenizerException if there are files, and they are malformed
   * @throws IOException if reading fails
   */
  public static Optional<BertTokenizer> findBeside(Path checkpoint) throws IOException {
    Path folder = TokenizerFiles.folderOf(checkpoint);
    return TokenizerFiles.areIn(folder)
        ? Optional.of(TokenizerFiles.load(folder))
        : Optional.empty();
  }

  /**
   * Makes a tokenizer of a vocabulary; a token's place in the list is its id. Of equal tokens the
   * last one counts.
   *
   * @throws IllegalArgumentException if a special token is missing, a token is not valid Unicode,
   *     or an added token's id is out of place
   */
  public static BertTokenizer of(List<String> vocabulary, TokenizerConfig config) {
    return new BertTokenizer(vocabulary, config);
  }

  /**
   * Reads a vocabulary, a token a line in UTF-8, and a configuration. The streams stay open.
   *
   * @param vocabTxt {@code vocab.txt}
   * @param tokenizerConfigJson {@code tokenizer_config.json}, or null: BERT uncased
   * @throws TokenizerException if either is malformed
   * @throws IOException if reading fails
   */
  public static BertTokenizer read(InputStream vocabTxt, @Nullable InputStream tokenizerConfigJson)
      throws IOException {
    return TokenizerFiles.read(vocabTxt, tokenizerConfigJson);
  }

  /**
   * Writes {@code vocab.txt} and {@code tokenizer_config.json}, from which {@link #load} makes an
   * equal tokenizer.
   *
   * @throws TokenizerException if these files cannot express the tokenizer: a token with a line
   *     break in it, or settings only {@code tokenizer.json} knows
   * @throws IOException if writing fails
   */
  public void save(Path folder) throws IOException {
    TokenizerFiles.save(this, folder);
  }

  /** Encodes {@code [CLS] text [SEP]} without truncation. */
  public Encoding encode(String text) {
    return encode(text, null, EncodingOptions.DEFAULT);
  }

  /** Encodes a text. See {@link #encode(String, String, EncodingOptions)}. */
  public Encoding encode(String text, EncodingOptions options) {
    return encode(text, null, options);
  }

  /**
   * Encodes a text or a pair. Padding to the longest means, for one encoding, to its own length.
   *
   * @param text the first text
   * @param pair the second text, or null
   * @throws IllegalArgumentException if the text is null, truncation cannot reach the greatest
   *     length, or the stride is not smaller than a window
   */
  public Encoding encode(String text, @Nullable String pair, EncodingOptions options) {
    EncodingAssembly assembly = assembly(text, pair, options);
    return assembly.assemble(paddedLength(assembly.length(), options));
  }

  /** Encodes a batch of texts; {@link EncodingOptions#padToLongest()} looks at all of them. */
  public List<Encoding> encodeAll(List<String> texts, EncodingOptions options) {
    return encodeAll(texts, null, options);
  }

  /**
   * Encodes a batch of pairs.
   *
   * @param pairs the second texts, as many as the first ones, or null
   * @throws IllegalArgumentException as {@link #encode(String, String, EncodingOptions)}, or if the
   *     lists differ in length
   */
  public List<Encoding> encodeAll(
      List<String> texts, @Nullable List<String> pairs, EncodingOptions options) {
    if (pairs != null && pairs.size() != texts.size()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "There are %d first texts and %d second ones.",
              texts.size(),
              pairs.size()));
    }
    List<EncodingAssembly> assemblies = new ArrayList<>(texts.size());
    int longest = 0;
    for (int i = 0; i < texts.size(); i++) {
      EncodingAssembly assembly =
          assembly(texts.get(i), pairs == null ? null : pairs.get(i), options);
      longest = Math.max(longest, assembly.length());
      assemblies.add(assembly);
    }
    int paddedLength = paddedLength(longest, options);
    List<Encoding> encodings = new ArrayList<>(texts.size());
    for (EncodingAssembly assembly : assemblies) {
      encodings.add(assembly.assemble(paddedLength));
    }
    return List.copyOf(encodings);
  }

  private EncodingAssembly assembly(String text, @Nullable String pair, EncodingOptions options) {
    // Callers that are not checked for it pass what their data lacks.
    if (text == null) {
      throw new IllegalArgumentException("The text is null; leave it out, or give an empty one.");
    }
    int limit = Integer.MAX_VALUE;
    if (options.truncation() != Truncation.NONE) {
      limit = options.maxLength() == 0 ? modelMaxLength() : options.maxLength();
    }
    return new EncodingAssembly(
        this,
        textTokenizer.tokenize(text, limit),
        pair == null ? null : textTokenizer.tokenize(pair, limit),
        options);
  }

  /** The length to pad to, 0 for none: fixed or the longest, then rounded up to a multiple. */
  private static int paddedLength(int longest, EncodingOptions options) {
    int multiple = options.padToMultipleOf();
    int length = options.padToLength();
    if (length == 0 && (options.padToLongest() || multiple > 0)) {
      length = longest;
    }
    return multiple == 0 ? length : Math.ceilDiv(length, multiple) * multiple;
  }

  /** Decodes with the special tokens and the configuration's clean-up. */
  public String decode(int[] ids) {
    return decode(ids, false, config.cleanUpTokenizationSpaces());
  }

  /** Decodes with the configuration's clean-up. */
  public String decode(int[] ids, boolean skipSpecialTokens) {
    return decode(ids, skipSpecialTokens, config.cleanUpTokenizationSpaces());
  }

  /**
   * Decodes ids to text: pieces joined to words, words by spaces, no space before {@code . ? ! ,}.
   * Ids without a token are left out.
   *
   * @param skipSpecialTokens leaves special tokens out, the unknown token among them
   * @param cleanUp transformers' {@code clean_up_tokenization_spaces}: also joins {@code don ' t}
   *     and the like
   */
  public String decode(int[] ids, boolean skipSpecialTokens, boolean cleanUp) {
    return decoder.decode(ids, skipSpecialTokens, cleanUp);
  }

  /**
   * Joins tokens to text (transformers' {@code convert_tokens_to_string}): continuing pieces lose
   * their {@code ##} unless one comes first; other tokens are separated by spaces.
   */
  public String join(List<String> tokens) {
    return decoder.join(tokens);
  }

  /** One more than the highest id: how many rows of an embedding the tokenizer can name. */
  public int vocabularySize() {
    return vocabulary.size();
  }

  /**
   * One more than the highest id of the vocabulary itself that has a token: added tokens and blank
   * lines at the end do not count.
   */
  public int ownVocabularySize() {
    int size = vocabulary.modelSize();
    while (size > 0 && vocabulary.token(size - 1).isEmpty()) {
      size--;
    }
    return size;
  }

  /** Whether the id is a token's; rows of a matrix without one are padding. */
  public boolean hasToken(int id) {
    return id >= 0 && id < vocabulary.size() && !vocabulary.token(id).isEmpty();
  }

  /** The token's id, or −1 if the vocabulary does not have it. */
  public int tokenToId(String token) {
    return vocabulary.id(token);
  }

  /** The id's token; the unknown token if the id has none. */
  public String idToToken(int id) {
    return hasToken(id) ? vocabulary.token(id) : config.unknownToken();
  }

  /** The id of {@code [CLS]}. */
  public int clsId() {
    return clsId;
  }

  /** The id of {@code [SEP]}. */
  public int sepId() {
    return sepId;
  }

  /** The id of {@code [PAD]}. */
  public int padId() {
    return padId;
  }

  /** The id of {@code [MASK]}. */
  public int maskId() {
    return maskId;
  }

  /** The id of {@code [UNK]}. */
  public int unknownId() {
    return unknownId;
  }

  /** Most tokens the model reads at once; {@link Integer#MAX_VALUE} if none is set. */
  public int modelMaxLength() {
    return config.modelMaxLength();
  }

  /** Whether the id is a special token's. */
  public boolean isSpecial(int id) {
    return vocabulary.isSpecial(id);
  }

  /** The configuration as it was given. */
  public TokenizerConfig config() {
    return config;
  }

  Vocabulary vocabulary() {
    return vocabulary;
  }
}
