// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A tokenized text or pair with its truncation decided; what remains is the padded length, which a
 * batch knows only when all its texts have come this far.
 */
final class EncodingAssembly {
  /** More windows than this are refused: two long texts make as many as their product. */
  private static final long MAX_WINDOWS = 1_000_000;

  private final BertTokenizer tokenizer;
  private final EncodedText first;
  private final @Nullable EncodedText second;
  private final EncodingOptions options;
  private final TruncationPlan plan;

  EncodingAssembly(
      BertTokenizer tokenizer,
      EncodedText first,
      @Nullable EncodedText second,
      EncodingOptions options) {
    this.tokenizer = tokenizer;
    this.first = first;
    this.second = second;
    this.options = options;
    int maxLength = options.maxLength() == 0 ? tokenizer.modelMaxLength() : options.maxLength();
    int room = maxLength - addedTokens();
    if (room < 0 && options.truncation() != Truncation.NONE) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "A length of %d has no room for the %d special tokens.",
              maxLength,
              addedTokens()));
    }
    plan =
        TruncationPlan.of(
            options.truncation(),
            sizeToCut(first, Truncation.ONLY_SECOND),
            second == null ? -1 : sizeToCut(second, Truncation.ONLY_FIRST),
            room);
  }

  /**
   * What the reference has read of a text. A text that must not be cut counts in full: where the
   * reference drops the end of one all the same (a second text under ONLY_FIRST, when the first is
   * empty), this refuses.
   */
  private int sizeToCut(EncodedText text, Truncation sparing) {
    return options.truncation() == sparing ? text.size() : text.referenceSize;
  }

  private int addedTokens() {
    return addsSpecialTokens() ? (second == null ? 2 : 3) : 0;
  }

  private boolean addsSpecialTokens() {
    return options.addSpecialTokens() && tokenizer.config().addsSpecialTokens();
  }

  /** Tokens of the encoding before padding. */
  int length() {
    return plan.keepFirst() + plan.keepSecond() + addedTokens();
  }

  /** The encoding with its overflow, padded to {@code paddedLength} where shorter. */
  Encoding assemble(int paddedLength) {
    var mainFirst = new TruncationPlan.Window(0, plan.keepFirst());
    var mainSecond = new TruncationPlan.Window(0, plan.keepSecond());
    int missing =
        first.size() - plan.keepFirst() + (second == null ? 0 : second.size() - plan.keepSecond());
    List<Encoding> overflow = List.of();
    if (options.overflow() != Overflow.NONE && missing > 0) {
      overflow = overflow(mainFirst, mainSecond, paddedLength);
    }
    return window(mainFirst, mainSecond, paddedLength, overflow);
  }

  /** The windows in the reference's order: the first text's, each with all of the second's. */
  private List<Encoding> overflow(
      TruncationPlan.Window mainFirst, TruncationPlan.Window mainSecond, int paddedLength) {
    List<TruncationPlan.Window> firsts = windows(first, plan.keepFirst());
    List<TruncationPlan.Window> seconds = new ArrayList<>();
    seconds.add(mainSecond);
    if (second != null) {
      seconds.addAll(windows(second, plan.keepSecond()));
    }
    long count = (firsts.size() + 1L) * seconds.size() - 1;
    if (count > MAX_WINDOWS) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "The texts overflow into %d windows; at most %d are made. Truncate one text "
                  + "only, or allow a greater length.",
              count,
              MAX_WINDOWS));
    }
    List<Encoding> overflow = new ArrayList<>((int) count);
    for (TruncationPlan.Window a : firsts) {
      for (TruncationPlan.Window b : seconds) {
        overflow.add(window(a, b, paddedLength, List.of()));
      }
    }
    for (TruncationPlan.Window b : seconds.subList(1, seconds.size())) {
      overflow.add(window(mainFirst, b, paddedLength, List.of()));
    }
    return List.copyOf(overflow);
  }

  private List<TruncationPlan.Window> windows(EncodedText text, int keep) {
    int tokens = options.overflow() == Overflow.COMPLETE ? text.size() : text.referenceSize;
    return TruncationPlan.overflow(tokens, keep, options.stride());
  }

  private Encoding window(
      TruncationPlan.Window a, TruncationPlan.Window b, int paddedLength, List<Encoding> overflow) {
    int used = a.to() - a.from() + b.to() - b.from() + addedTokens();
    int truncated = first.size() + (second == null ? 0 : second.size()) - (used - addedTokens());
    boolean codePoints = first.countsCodePoints() || (second != null && second.countsCodePoints());
    var out = new EncodingBuilder(Math.max(used, paddedLength), tokenizer.padId(), codePoints);
    boolean special = addsSpecialTokens();
    if (special) {
      out.special(tokenizer.clsId(), 0);
    }
    out.text(first, a, 0);
    if (special) {
      out.special(tokenizer.sepId(), 0);
    }
    if (second != null) {
      out.text(second, b, 1);
      if (special) {
        out.special(tokenizer.sepId(), 1);
      }
    }
    return out.build(tokenizer.vocabulary(), overflow, truncated);
  }
}
