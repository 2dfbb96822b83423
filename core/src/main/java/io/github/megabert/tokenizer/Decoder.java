// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Ids back to text, as the reference's WordPiece decoder. Immutable, thread-safe. */
final class Decoder {
  private final Vocabulary vocabulary;
  private final String prefix;
  private final boolean joinPunctuation;

  /** Added tokens that are written in their normalised form, as the reference does. */
  private final Map<Integer, String> normalized = new HashMap<>();

  Decoder(Vocabulary vocabulary, TokenizerConfig config, TextNormalizer normalizer) {
    this.vocabulary = vocabulary;
    for (AddedToken token : vocabulary.added()) {
      if (token.normalized()) {
        normalized.put(token.id(), normalizer.normalize(token.content()));
      }
    }
    this.prefix = config.continuingSubwordPrefix();
    this.joinPunctuation = config.joinPunctuation();
  }

  String decode(int[] ids, boolean skipSpecialTokens, boolean cleanUp) {
    StringBuilder text = new StringBuilder(6 * ids.length);
    boolean first = true;
    for (int id : ids) {
      if (id < 0 || id >= vocabulary.size() || (skipSpecialTokens && vocabulary.isSpecial(id))) {
        continue;
      }
      String token = normalized.getOrDefault(id, vocabulary.token(id));
      if (token.isEmpty()) {
        continue;
      }
      text.append(piece(token, first));
      first = false;
    }
    return cleanUp ? cleanUp(text.toString()) : text.toString();
  }

  String join(List<String> tokens) {
    StringBuilder text = new StringBuilder(6 * tokens.size());
    for (int i = 0; i < tokens.size(); i++) {
      text.append(piece(tokens.get(i), i == 0));
    }
    return text.toString();
  }

  private String piece(String token, boolean first) {
    String piece = token;
    if (!first) {
      piece = token.startsWith(prefix) ? token.substring(prefix.length()) : " ".concat(token);
    }
    return joinPunctuation ? cleanUpPiece(piece) : piece;
  }

  private static String cleanUpPiece(String piece) {
    // Every pattern begins with a space, and few pieces have more to them than a space and a word.
    if (piece.indexOf(' ') < 0) {
      return piece;
    }
    return cleanUp(piece).replace(" do not", " don't");
  }

  /** transformers' {@code clean_up_tokenization}: no space before punctuation and contractions. */
  private static String cleanUp(String text) {
    return text.replace(" .", ".")
        .replace(" ?", "?")
        .replace(" !", "!")
        .replace(" ,", ",")
        .replace(" ' ", "'")
        .replace(" n't", "n't")
        .replace(" 'm", "'m")
        .replace(" 's", "'s")
        .replace(" 've", "'ve")
        .replace(" 're", "'re");
  }
}
