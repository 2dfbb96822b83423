// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer.training;

import java.util.Arrays;
import java.util.PriorityQueue;
import java.util.function.IntConsumer;

/**
 * Byte-pair merging as Hugging Face's {@code BpeTrainer} has it: the pair of pieces that stands
 * side by side most often becomes one piece, again and again. Of pairs that are as frequent as each
 * other that with the lower ids comes first.
 *
 * <p>Counts are kept up to date by what each merge changes, and a heap finds the next pair; nothing
 * is counted twice. Two habits of the reference decide which pairs come next, so they are kept: a
 * merged pair keeps its count, and a pair that comes about again is queued again, with the words of
 * that time only.
 */
final class PairMerges {
  private final WordCounts counts;
  private final WordSymbols words;
  private final Pieces pieces;
  private final PairTable pairs = new PairTable();
  private final PriorityQueue<Candidate> queue = new PriorityQueue<>();

  /** Numbers of pairs that came about since the last merge. */
  private int[] fresh = new int[64];

  private int freshCount;

  /** A pair that may be merged next, in the words where it came about at one time. */
  private record Candidate(int number, long pair, long count, int[] words)
      implements Comparable<Candidate> {
    @Override
    public int compareTo(Candidate other) {
      int byCount = Long.compare(other.count, count);
      return byCount != 0 ? byCount : Long.compare(pair, other.pair);
    }
  }

  /** Merges of words, whose symbols are ids of pieces. */
  PairMerges(WordCounts counts, WordSymbols words, Pieces pieces) {
    this.counts = counts;
    this.words = words;
    this.pieces = pieces;
    for (int word = 0; word < words.size(); word++) {
      for (int i = 1; i < words.length(word); i++) {
        made(word, words.symbol(word, i - 1), words.symbol(word, i));
      }
    }
    queueFresh();
  }

  private void made(int word, int first, int second) {
    int number = pairs.number(PairTable.pair(first, second));
    pairs.add(number, counts.count(word));
    if (pairs.noteWord(number, word)) {
      if (freshCount == fresh.length) {
        fresh = Arrays.copyOf(fresh, 2 * freshCount);
      }
      fresh[freshCount++] = number;
    }
  }

  private void queueFresh() {
    for (int i = 0; i < freshCount; i++) {
      int number = fresh[i];
      int[] seen = pairs.takeWords(number);
      if (pairs.count(number) > 0) {
        queue.add(new Candidate(number, pairs.pairOf(number), pairs.count(number), seen));
      }
    }
    freshCount = 0;
  }

  /**
   * Merges until there are as many pieces as wanted, or no pair is frequent enough.
   *
   * @param minFrequency a rarer pair is not merged
   * @param progress is told how many pieces there are
   */
  void run(int wanted, long minFrequency, IntConsumer progress) {
    while (pieces.size() < wanted) {
      Candidate best = queue.poll();
      if (best == null) {
        return;
      }
      long count = pairs.count(best.number);
      if (count != best.count) {
        queue.add(new Candidate(best.number, best.pair, count, best.words));
      } else if (count < 1 || count < minFrequency) {
        return;
      } else {
        merge(best);
        progress.accept(pieces.size());
      }
    }
  }

  private void merge(Candidate pair) {
    int first = PairTable.first(pair.pair);
    int second = PairTable.second(pair.pair);
    int merged = pieces.add(pieces.joined(first, second));
    WordChanges changes = new WordChanges();
    for (int word : pair.words) {
      changes.word = word;
      words.merge(word, first, second, merged, changes);
    }
    queueFresh();
  }

  /** What merging in one word changes. */
  private final class WordChanges implements WordSymbols.Changes {
    private int word;

    @Override
    public void gone(int left, int right) {
      pairs.add(pairs.number(PairTable.pair(left, right)), -counts.count(word));
    }

    @Override
    public void made(int left, int right) {
      PairMerges.this.made(word, left, right);
    }
  }
}
