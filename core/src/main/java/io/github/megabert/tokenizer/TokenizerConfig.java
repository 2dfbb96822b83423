// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a tokenizer does besides its vocabulary; names follow transformers' {@code
 * tokenizer_config.json} and the sections of {@code tokenizer.json}.
 *
 * @param lowerCase {@code do_lower_case}
 * @param stripAccents {@code strip_accents}; null follows {@code lowerCase}
 * @param tokenizeChineseChars {@code tokenize_chinese_chars}: each ideograph is a word
 * @param cleanText {@code clean_text}: control characters go, white space becomes spaces
 * @param modelMaxLength {@code model_max_length} in tokens; {@link Integer#MAX_VALUE} where the
 *     model sets none
 * @param unknownToken {@code unk_token}
 * @param clsToken {@code cls_token}
 * @param sepToken {@code sep_token}
 * @param padToken {@code pad_token}
 * @param maskToken {@code mask_token}
 * @param continuingSubwordPrefix what marks a piece that continues a word
 * @param maxInputCharsPerWord longer words, in code points, are unknown; at most 1000
 * @param joinPunctuation {@code decoder.cleanup}: decoding puts no space before a piece that is one
 *     of {@code . ? ! ,}
 * @param cleanUpTokenizationSpaces {@code clean_up_tokenization_spaces}: decoding also joins
 *     apostrophes, unless a call says otherwise
 * @param addsSpecialTokens whether an encoding is put between {@code [CLS]} and {@code [SEP]}; not
 *     where the {@code post_processor} of {@code tokenizer.json} is null
 * @param addedTokens tokens recognised inside text; the five special tokens are, listed or not
 */
public record TokenizerConfig(
    boolean lowerCase,
    @Nullable Boolean stripAccents,
    boolean tokenizeChineseChars,
    boolean cleanText,
    int modelMaxLength,
    String unknownToken,
    String clsToken,
    String sepToken,
    String padToken,
    String maskToken,
    String continuingSubwordPrefix,
    int maxInputCharsPerWord,
    boolean joinPunctuation,
    boolean cleanUpTokenizationSpaces,
    boolean addsSpecialTokens,
    List<AddedToken> addedTokens) {

  /** Most characters of a word: in the worst case each costs as many steps as the word has. */
  static final int MOST_CHARS_PER_WORD = 1000;

  /** BERT uncased, no greatest length. */
  public static final TokenizerConfig UNCASED = builder().build();

  /** BERT cased, no greatest length. */
  public static final TokenizerConfig CASED = builder().lowerCase(false).build();

  /**
   * Copies the list and checks the numbers.
   *
   * @throws IllegalArgumentException if a length is not positive, or a word's above 1000
   */
  public TokenizerConfig {
    if (modelMaxLength <= 0) {
      throw new IllegalArgumentException(
          "model_max_length is " + modelMaxLength + "; it must be positive.");
    }
    if (maxInputCharsPerWord <= 0 || maxInputCharsPerWord > MOST_CHARS_PER_WORD) {
      throw new IllegalArgumentException(
          "max_input_chars_per_word is "
              + maxInputCharsPerWord
              + "; it must be from 1 to "
              + MOST_CHARS_PER_WORD
              + ".");
    }
    addedTokens = List.copyOf(addedTokens);
  }

  /** Whether accents go: as {@code stripAccents} says, or with lower case where it says nothing. */
  public boolean stripsAccents() {
    return stripAccents == null ? lowerCase : stripAccents;
  }

  /** The five special tokens: unknown, separator, padding, classification, mask. */
  List<String> specialTokens() {
    return List.of(unknownToken, sepToken, padToken, clsToken, maskToken);
  }

  /** A builder that starts from BERT uncased. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this. */
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.lowerCase = lowerCase;
    builder.stripAccents = stripAccents;
    builder.tokenizeChineseChars = tokenizeChineseChars;
    builder.cleanText = cleanText;
    builder.modelMaxLength = modelMaxLength;
    builder.unknownToken = unknownToken;
    builder.clsToken = clsToken;
    builder.sepToken = sepToken;
    builder.padToken = padToken;
    builder.maskToken = maskToken;
    builder.continuingSubwordPrefix = continuingSubwordPrefix;
    builder.maxInputCharsPerWord = maxInputCharsPerWord;
    builder.joinPunctuation = joinPunctuation;
    builder.cleanUpTokenizationSpaces = cleanUpTokenizationSpaces;
    builder.addsSpecialTokens = addsSpecialTokens;
    builder.addedTokens.addAll(addedTokens);
    return builder;
  }

  /** Gathers the fields of a configuration; see {@link TokenizerConfig} for what they mean. */
  public static final class Builder {
    private boolean lowerCase = true;
    private @Nullable Boolean stripAccents;
    private boolean tokenizeChineseChars = true;
    private boolean cleanText = true;
    private int modelMaxLength = Integer.MAX_VALUE;
    private String unknownToken = "[UNK]";
    private String clsToken = "[CLS]";
    private String sepToken = "[SEP]";
    private String padToken = "[PAD]";
    private String maskToken = "[MASK]";
    private String continuingSubwordPrefix = "##";
    private int maxInputCharsPerWord = 100;
    private boolean joinPunctuation = true;
    private boolean cleanUpTokenizationSpaces;
    private boolean addsSpecialTokens = true;
    private final List<AddedToken> addedTokens = new ArrayList<>();

    private Builder() {}

    /** Sets {@link TokenizerConfig#lowerCase()}. */
    public Builder lowerCase(boolean value) {
      lowerCase = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#stripAccents()}. */
    public Builder stripAccents(@Nullable Boolean value) {
      stripAccents = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#tokenizeChineseChars()}. */
    public Builder tokenizeChineseChars(boolean value) {
      tokenizeChineseChars = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#cleanText()}. */
    public Builder cleanText(boolean value) {
      cleanText = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#modelMaxLength()}. */
    public Builder modelMaxLength(int value) {
      modelMaxLength = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#unknownToken()}. */
    public Builder unknownToken(String value) {
      unknownToken = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#clsToken()}. */
    public Builder clsToken(String value) {
      clsToken = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#sepToken()}. */
    public Builder sepToken(String value) {
      sepToken = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#padToken()}. */
    public Builder padToken(String value) {
      padToken = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#maskToken()}. */
    public Builder maskToken(String value) {
      maskToken = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#continuingSubwordPrefix()}. */
    public Builder continuingSubwordPrefix(String value) {
      continuingSubwordPrefix = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#maxInputCharsPerWord()}. */
    public Builder maxInputCharsPerWord(int value) {
      maxInputCharsPerWord = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#joinPunctuation()}. */
    public Builder joinPunctuation(boolean value) {
      joinPunctuation = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#cleanUpTokenizationSpaces()}. */
    public Builder cleanUpTokenizationSpaces(boolean value) {
      cleanUpTokenizationSpaces = value;
      return this;
    }

    /** Sets {@link TokenizerConfig#addsSpecialTokens()}. */
    public Builder addsSpecialTokens(boolean value) {
      addsSpecialTokens = value;
      return this;
    }

    /** Adds a token recognised inside text. */
    public Builder addToken(AddedToken token) {
      addedTokens.add(token);
      return this;
    }

    /** The configuration. */
    public TokenizerConfig build() {
      return new TokenizerConfig(
          lowerCase,
          stripAccents,
          tokenizeChineseChars,
          cleanText,
          modelMaxLength,
          unknownToken,
          clsToken,
          sepToken,
          padToken,
          maskToken,
          continuingSubwordPrefix,
          maxInputCharsPerWord,
          joinPunctuation,
          cleanUpTokenizationSpaces,
          addsSpecialTokens,
          addedTokens);
    }
  }
}
