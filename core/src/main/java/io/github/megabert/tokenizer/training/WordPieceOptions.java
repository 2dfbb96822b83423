// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer.training;

import io.github.megabert.input.Quote;
import io.github.megabert.tokenizer.TokenizerConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * What vocabulary is learnt; the numbers are those of Hugging Face's {@code
 * BertWordPieceTokenizer.train}.
 *
 * @param vocabularySize tokens at most, special ones included
 * @param config how texts are normalised, and the special tokens; its added tokens get the ids
 *     after these
 * @param minFrequency how often two pieces must stand beside each other to become one
 * @param limitAlphabet characters at most; of more, the rarest are left out
 */
public record WordPieceOptions(
    int vocabularySize, TokenizerConfig config, long minFrequency, int limitAlphabet) {
  /** More tokens are not read again. */
  public static final int MOST_TOKENS = 1 << 22;

  /** 30,000 tokens, lower case, at least two occurrences, 1,000 characters. */
  public static final WordPieceOptions DEFAULT =
      new WordPieceOptions(30_000, TokenizerConfig.UNCASED, 2, 1_000);

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the option, what was given and what is expected
   */
  public WordPieceOptions {
    if (vocabularySize < 1 || vocabularySize > MOST_TOKENS) {
      throw new IllegalArgumentException(
          "A vocabulary has 1 to " + MOST_TOKENS + " tokens, not " + vocabularySize + ".");
    }
    if (minFrequency < 0) {
      throw new IllegalArgumentException(
          "minFrequency is " + minFrequency + "; it must not be negative.");
    }
    if (limitAlphabet < 1) {
      throw new IllegalArgumentException(
          "limitAlphabet is " + limitAlphabet + "; a vocabulary needs a character.");
    }
    if (!config.continuingSubwordPrefix().equals("##")) {
      throw new IllegalArgumentException(
          "The prefix of continuing pieces is "
              + Quote.quote(config.continuingSubwordPrefix())
              + "; ## is learnt.");
    }
  }

  /** The same with another size. */
  public WordPieceOptions withVocabularySize(int value) {
    return new WordPieceOptions(value, config, minFrequency, limitAlphabet);
  }

  /** The same with another normalisation and other special tokens. */
  public WordPieceOptions withConfig(TokenizerConfig value) {
    return new WordPieceOptions(vocabularySize, value, minFrequency, limitAlphabet);
  }

  /** The same with another least frequency. */
  public WordPieceOptions withMinFrequency(long value) {
    return new WordPieceOptions(vocabularySize, config, value, limitAlphabet);
  }

  /** The same with another limit of the alphabet. */
  public WordPieceOptions withLimitAlphabet(int value) {
    return new WordPieceOptions(vocabularySize, config, minFrequency, value);
  }

  /** The special tokens in the order of their ids: Hugging Face's five, then the added ones. */
  List<String> specialTokens() {
    List<String> tokens =
        new ArrayList<>(
            List.of(
                config.padToken(),
                config.unknownToken(),
                config.clsToken(),
                config.sepToken(),
                config.maskToken()));
    config.addedTokens().forEach(token -> tokens.add(token.content()));
    return tokens.stream().distinct().toList();
  }
}
