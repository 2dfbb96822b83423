// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

/**
 * The classes of characters that BERT's tokenizer distinguishes, as Hugging Face's tokenizers 0.23
 * draws them.
 *
 * <p>Its tables come from several ages of Unicode: categories from 8.0, lower case from 17.0,
 * decompositions and canonical ordering from about 9.0. The JDK's are newer, so the sets below name
 * the code points where the two differ; they were found by comparing all 1,112,064 code points.
 */
final class CharacterClasses {
  /** Format characters to the JDK, not yet so to the reference: they survive cleaning. */
  private static final CodePointRanges FORMAT_BUT_KEPT =
      CodePointRanges.of(
          """
          890-891 8e2 110cd 13430-1343f
          """);

  /** Non-spacing marks to the JDK that the reference does not take for accents. */
  private static final CodePointRanges MARK_BUT_KEPT =
      CodePointRanges.of(
          """
          7fd 897-89f 8ca-8e1 9fe afa-aff b55 c04 c3c d00 d3b-d3c d81 eba ece
          180f 1885-1886 1abf-1ace 1df6-1dfb a82c a8c5 a8ff a9bd 10d24-10d27
          10d69-10d6d 10eab-10eac 10efc-10eff 10f46-10f50 10f82-10f85 11070
          11073-11074 110c2 111c9 111cf 1123e 11241 1133b 113bb-113c0 113ce
          113d0 113d2 113e1-113e2 11438-1143f 11442-11444 11446 1145e
          1182f-11837 11839-1183a 1193b-1193c 1193e 11943 119d4-119d7
          119da-119db 119e0 11a01-11a0a 11a33-11a38 11a3b-11a3e 11a47
          11a51-11a56 11a59-11a5b 11a8a-11a96 11a98-11a99 11c30-11c36
          11c38-11c3d 11c3f 11c92-11ca7 11caa-11cb0 11cb2-11cb3 11cb5-11cb6
          11d31-11d36 11d3a 11d3c-11d3d 11d3f-11d45 11d47 11d90-11d91 11d95
          11d97 11ef3-11ef4 11f00-11f01 11f36-11f3a 11f40 11f42 11f5a 13440
          13447-13455 1611e-16129 1612d-1612f 16f4f 16fe4 1cf00-1cf2d
          1cf30-1cf46 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024
          1e026-1e02a 1e08f 1e130-1e136 1e2ae 1e2ec-1e2ef 1e4ec-1e4ef
          1e5ee-1e5ef 1e944-1e94a
          """);

  /** Accents to the reference only. */
  private static final CodePointRanges MARK_ELSEWHERE =
      CodePointRanges.of(
          """
          1734 1171e
          """);

  /** Punctuation to the JDK that the reference takes for letters. */
  private static final CodePointRanges PUNCTUATION_BUT_LETTER =
      CodePointRanges.of(
          """
          61d 9fd a76 c77 c84 1b4e-1b4f 1b7d-1b7f 2e43-2e4f 2e52-2e5d 10d6e
          10ead 10f55-10f59 10f86-10f89 113d4-113d5 113d7-113d8 1144b-1144f
          1145a-1145b 1145d 11660-1166c 116b9 1183b 11944-11946 119e2
          11a3f-11a46 11a9a-11a9c 11a9e-11aa2 11b00-11b09 11be1 11c41-11c45
          11c70-11c71 11ef7-11ef8 11f43-11f4f 11fff 12ff1-12ff2 16d6d-16d6f
          16e97-16e9a 16fe2 1e5ff 1e95e-1e95f
          """);

  /** Decomposable to the JDK, left as they are by the reference. */
  private static final CodePointRanges DECOMPOSABLE_BUT_KEPT =
      CodePointRanges.of(
          """
          105c9 105e4 11383 11385 1138e 11391 113c5 113c7-113c8 11938
          16121-16128 16d68-16d6a
          """);

  /**
   * Marks that are no accents, so survive stripping, and that canonical ordering may move; and the
   * musical notes that decompose into such.
   */
  private static final CodePointRanges MOVABLE_MARK =
      CodePointRanges.of(
          """
          8d4-8e1 1b44 1baa 1bf2-1bf3 1dfb 302e-302f a953 a9c0 111c0 11235 1134d
          11442 11446 116b6 11c3f 1d15e-1d166 1d16d-1d172 1d1bb-1d1c0 1e000-1e006
          1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a 1e944-1e94a
          """);

  private CharacterClasses() {}

  /** Unicode's White_Space. */
  static boolean isWhitespace(int c) {
    if (c < 0x80) {
      return c == ' ' || (c >= 0x09 && c <= 0x0D);
    }
    return c == 0x85
        || c == 0xA0
        || c == 0x1680
        || (c >= 0x2000 && c <= 0x200A)
        || c == 0x2028
        || c == 0x2029
        || c == 0x202F
        || c == 0x205F
        || c == 0x3000;
  }

  /**
   * Whether cleaning removes the character: NUL, the replacement character, controls but tab and
   * line ends, format, private use. Half a surrogate pair, which the reference cannot even receive,
   * goes the same way.
   */
  static boolean isRemoved(int c) {
    if (c == '\t' || c == '\n' || c == '\r') {
      return false;
    }
    if (c == 0xFFFD) {
      return true;
    }
    return switch (Character.getType(c)) {
      case Character.CONTROL, Character.PRIVATE_USE, Character.SURROGATE -> true;
      case Character.FORMAT -> !FORMAT_BUT_KEPT.contains(c);
      default -> false;
    };
  }

  /** ASCII's symbols and Unicode's punctuation: each is a word of its own. */
  static boolean isPunctuation(int c) {
    if (c < 0x80) {
      return (c >= '!' && c <= '/')
          || (c >= ':' && c <= '@')
          || (c >= '[' && c <= '`')
          || (c >= '{' && c <= '~');
    }
    return switch (Character.getType(c)) {
      case Character.DASH_PUNCTUATION,
          Character.START_PUNCTUATION,
          Character.END_PUNCTUATION,
          Character.CONNECTOR_PUNCTUATION,
          Character.OTHER_PUNCTUATION,
          Character.INITIAL_QUOTE_PUNCTUATION,
          Character.FINAL_QUOTE_PUNCTUATION ->
          !PUNCTUATION_BUT_LETTER.contains(c);
      default -> c == 0x166D || c == 0x111C9;
    };
  }

  /** A CJK ideograph as the original BERT lists them (not kana, not hangul). */
  static boolean isChinese(int c) {
    return c >= 0x3400
        && ((c >= 0x4E00 && c <= 0x9FFF)
            || c <= 0x4DBF
            || (c >= 0xF900 && c <= 0xFAFF)
            || (c >= 0x20000 && c <= 0x2A6DF)
            || (c >= 0x2A700 && c <= 0x2B81F)
            || (c >= 0x2B920 && c <= 0x2CEAF)
            || (c >= 0x2F800 && c <= 0x2FA1F));
  }

  /** A non-spacing mark: what accent stripping removes once the text is decomposed. */
  static boolean isAccent(int c) {
    if (c < 0x300) {
      return false;
    }
    return Character.getType(c) == Character.NON_SPACING_MARK
        ? !MARK_BUT_KEPT.contains(c)
        : MARK_ELSEWHERE.contains(c);
  }

  /**
   * A mark that survives accent stripping but may change places with its neighbours, or a character
   * that decomposes into one.
   */
  static boolean isMovableMark(int c) {
    return c >= 0x8D4 && MOVABLE_MARK.contains(c);
  }

  /** Whether canonical decomposition leaves the character alone though the JDK would not. */
  static boolean isKeptWhole(int c) {
    return c >= 0x105C9 && DECOMPOSABLE_BUT_KEPT.contains(c);
  }

  /** Lower case of one character; U+0130, the one that becomes two, is the caller's business. */
  static int lowerCase(int c) {
    int lower = Character.toLowerCase(c);
    if (lower != c || c < 0xA7CE) {
      return lower;
    }
    if (c == 0xA7CE || c == 0xA7D2 || c == 0xA7D4) {
      return c + 1;
    }
    return c >= 0x16EA0 && c <= 0x16EB8 ? c + 0x1B : c;
  }

  /** A character that counts as part of a word beside an added token ({@code \w}). */
  static boolean isWordCharacter(int c) {
    return Character.isAlphabetic(c)
        || c == 0x200C
        || c == 0x200D
        || switch (Character.getType(c)) {
          case Character.NON_SPACING_MARK,
              Character.COMBINING_SPACING_MARK,
              Character.ENCLOSING_MARK,
              Character.DECIMAL_DIGIT_NUMBER,
              Character.CONNECTOR_PUNCTUATION ->
              true;
          default -> false;
        };
  }
}
