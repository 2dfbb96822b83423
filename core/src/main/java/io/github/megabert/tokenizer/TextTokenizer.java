package io.github.megabert.tokenizer;

import java.util.ArrayList;
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

  TextTokenizer(Vocabulary vocabulary, TokenizerConfig config, int unknownId) {
    normalizer = new TextNormalizer(config);
    wordPiece = new WordPiece(vocabulary, config, unknownId);
    List<AddedToken> raw = new ArrayList<>();
    List<String> rawPatterns = new ArrayList<>();
    List<AddedToken> normalized = new ArrayList<>();
    List<String> normalizedPatterns = new ArrayList<>();
    for (AddedToken token : vocabulary.added()) {
      String content = token.content();
      if (token.normalized()) {
        NormalizedText pattern = new NormalizedText(content);
        normalizer.normalize(content, 0, content.length(), pattern);
        normalized.add(token);
        normalizedPatterns.add(pattern.toString());
      } else {
        raw.add(token);
        rawPatterns.add(content);
      }
    }
    rawTokens = new AddedTokenMatcher(raw, rawPatterns);
    normalizedTokens = new AddedTokenMatcher(normalized, normalizedPatterns);
  }

  TokenBuffer tokenize(String text) {
    Run run = new Run(text);
    rawTokens.split(text, 0, text.length(), run);
    return run.tokens;
  }

  /** The tokenization of one text: its buffers and the number of words so far. */
  private final class Run implements AddedTokenMatcher.Pieces {
    private final String text;
    private final NormalizedText normalized;
    private final TokenBuffer tokens;
    private int words;

    Run(String text) {
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

    /** Splits at white space and around each punctuation character. */
    private void splitWords(int from, int to) {
      char[] chars = normalized.chars;
      int begin = from;
      int i = from;
      while (i < to) {
        int c = chars[i];
        int units = 1;
        if (c >= 0x80) {
          c = Character.codePointAt(chars, i, to);
          units = Character.charCount(c);
        }
        if (CharacterClasses.isWhitespace(c)) {
          word(begin, i);
          begin = i + units;
        } else if (CharacterClasses.isPunctuation(c)) {
          word(begin, i);
          word(i, i + units);
          begin = i + units;
        }
        i += units;
      }
      word(begin, to);
    }

    private void word(int from, int to) {
      if (from < to) {
        wordPiece.tokenize(normalized, from, to, words++, tokens);
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
