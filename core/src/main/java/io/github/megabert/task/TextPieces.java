// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.task;

import io.github.megabert.tokenizer.BertTokenizer;
import java.util.Arrays;
import java.util.function.Consumer;

/** Turns tokens that come one by one into pieces of text, each handed out once it is final. */
final class TextPieces {
  /**
   * The tokenizer's clean-up joins what up to so many spaces separate ({@code don ' t}), so that
   * text before them is final.
   */
  private static final int SPACES_OF_CLEAN_UP = 3;

  private final BertTokenizer tokenizer;
  private final int promptLength;
  private final Consumer<String> pieces;
  private int[] tokenIds;
  private int handedOut;

  TextPieces(BertTokenizer tokenizer, int[] prompt, Consumer<String> pieces) {
    this.tokenizer = tokenizer;
    this.pieces = pieces;
    tokenIds = prompt;
    promptLength = prompt.length;
  }

  /** The text of the tokens after the prompt, as it continues the prompt's text. */
  static String newText(BertTokenizer tokenizer, int[] tokenIds, int promptLength) {
    String before = tokenizer.decode(Arrays.copyOf(tokenIds, promptLength), true);
    String all = tokenizer.decode(tokenIds, true);
    // Clean-up may join the prompt's end with what follows; then the new text begins there.
    int common = 0;
    while (common < Math.min(before.length(), all.length())
        && before.charAt(common) == all.charAt(common)) {
      common++;
    }
    return all.substring(common);
  }

  void add(int token) {
    tokenIds = Arrays.copyOf(tokenIds, tokenIds.length + 1);
    tokenIds[tokenIds.length - 1] = token;
    String text = newText(tokenizer, tokenIds, promptLength);
    handOut(text, finalLength(text));
  }

  private int finalLength(String text) {
    int end = text.length();
    if (tokenizer.config().cleanUpTokenizationSpaces()) {
      for (int i = 0; i < SPACES_OF_CLEAN_UP && end > 0; i++) {
        end = Math.max(0, text.lastIndexOf(' ', end - 1));
      }
    }
    return end;
  }

  /** Hands out the rest. */
  void finish(String newText) {
    handOut(newText, newText.length());
  }

  private void handOut(String text, int end) {
    if (end > handedOut) {
      pieces.accept(text.substring(handedOut, end));
      handedOut = end;
    }
  }
}
