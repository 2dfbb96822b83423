// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.text.Normalizer;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Canonical decomposition (NFD) of single code points.
 *
 * <p>{@link Normalizer} takes strings and costs some 100 ns a call, so what it says is kept in
 * blocks of 256 code points, filled when a text first needs one. Thread-safe.
 */
final class Decomposition {
  private static final int HANGUL_FIRST = 0xAC00;
  private static final int HANGUL_LAST = 0xD7A3;

  private final AtomicReferenceArray<@Nullable String @Nullable []> blocks =
      new AtomicReferenceArray<>((Character.MAX_CODE_POINT >> 8) + 1);

  /** The decomposition, or null when the code point stands for itself. */
  @Nullable String of(int codePoint) {
    if (codePoint < 0xC0 || (codePoint >= 0x3400 && codePoint <= 0x9FFF)) {
      return null;
    }
    if (codePoint >= HANGUL_FIRST && codePoint <= HANGUL_LAST) {
      return hangul(codePoint);
    }
    @Nullable String[] block = blocks.get(codePoint >> 8);
    if (block == null) {
      block = decomposeBlock(codePoint >> 8);
      blocks.set(codePoint >> 8, block);
    }
    return block[codePoint & 0xFF];
  }

  private static @Nullable String[] decomposeBlock(int number) {
    @Nullable String[] block = new String[256];
    for (int i = 0; i < 256; i++) {
      int codePoint = (number << 8) + i;
      boolean surrogate =
          codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
      if (!surrogate && !CharacterClasses.isKeptWhole(codePoint)) {
        String whole = Character.toString(codePoint);
        String decomposed = Normalizer.normalize(whole, Normalizer.Form.NFD);
        block[i] = decomposed.equals(whole) ? null : decomposed;
      }
    }
    return block;
  }

  /** A hangul syllable's two or three letters, by the Unicode standard's arithmetic (§3.12). */
  private static String hangul(int syllable) {
    int index = syllable - HANGUL_FIRST;
    char lead = (char) (0x1100 + index / 588);
    char vowel = (char) (0x1161 + index % 588 / 28);
    int trail = index % 28;
    return trail == 0
        ? new String(new char[] {lead, vowel})
        : new String(new char[] {lead, vowel, (char) (0x11A7 + trail)});
  }
}
