// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * One text to its tokens, without special tokens around it: added tokens are cut out, the rest is
 * normalised, split into words and cut into pieces. Immutable, thread-safe.
 */
final class TextTokenizer {
  private final TextNormalizer normalizer;
  private final WordPiece wordPiece;
  private final AddedTokenMatcher rawTokens;
  private final AddedTokenMatcher normalizedTokens;

  TextTokenizer(
      Vocabulary vocabulary, TokenizerConfig config, TextNormalizer normalizer, int unknownId) {
    this.normalizer = normalizer;
    wordPiece = new WordPiece(vocabulary, config, unknownId);
    List<AddedToken> raw = new ArrayList<>();
    List<String> rawPatterns = new ArrayList<>();
    List<AddedToken> normalized = new ArrayList<>();
    List<String> normalizedPatterns = new ArrayList<>();
    List<AddedToken> specialFirst = new ArrayList<>(vocabulary.added());
    specialFirst.sort(Comparator.comparing(token -> !token.special()));
    for (AddedToken token : specialFirst) {
      String content = token.content();
      if (token.normalized()) {
        normalized.add(token);
        normalizedPatterns.add(normalizer.normalize(content));
      } else {
        raw.add(token);
        rawPatterns.add(content);
      }
    }
    rawTokens = new AddedTokenMatcher(raw, rawPatterns);
    normalizedTokens = new AddedTokenMatcher(normalized, normalizedPatterns);
  }

  /**
   * Tokenizes a text.
   *
   * @param limit after how many tokens the reference would stop reading
   */
  EncodedText tokenize(String text, int limit) {
    Run run = new Run(text, limit);
    rawTokens.split(text, 0, text.length(), run);
    int reference = run.reference < 0 ? run.tokens.size : run.reference;
    return new EncodedText(text, run.tokens, reference);
  }

  /** The tokenization of one text: its buffers and the number of words so far. */
  private final class Run implements AddedTokenMatcher.Pieces, WordSplitter.Bounds {
    private final String text;
    private final NormalizedText normalized;
    private final TokenBuffer tokens;
    private final int limit;
    private int words;

    /** How many tokens there were after the first word that reached the limit, or −1. */
    private int reference = -1;

    Run(String text, int limit) {
      this.limit = limit;
      this.text = text;
      normalized = new NormalizedText(text);
      tokens = new TokenBuffer(Math.min(text.length() / 4, 1 << 20) + 16);
    }

    @Override
    public void text(int from, int to) {
      normalizer.normalize(text, from, to, normalized);
      if (normalizedTokens.isEmpty()) {
        splitWords(0, normalized.length);
      } else {
        normalizedTokens.split(normalized, 0, normalized.length, new NormalizedPieces());
      }
    }

    @Override
    public void added(int id, int from, int to) {
      tokens.add(id, words++, from, to);
    }

    private void splitWords(int from, int to) {
      WordSplitter.splitWords(normalized.chars, from, to, this);
    }

    @Override
    public void word(int from, int to) {
      wordPiece.tokenize(normalized, from, to, words++, tokens);
      if (tokens.size >= limit && reference < 0) {
        reference = tokens.size;
      }
    }

    /** The second search for added tokens, in a normalised stretch. */
    private final class NormalizedPieces implements AddedTokenMatcher.Pieces {
      @Override
      public void text(int from, int to) {
        splitWords(from, to);
      }

      @Override
      public void added(int id, int from, int to) {
        Run.this.added(id, normalized.originStart(from), normalized.originEnd(to - 1));
      }
    }
  }
}
