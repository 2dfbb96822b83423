// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer.training;

import io.github.megabert.tensor.Workers;
import io.github.megabert.tokenizer.TokenizerException;
import io.github.megabert.tokenizer.WordSplitter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Counts the words of files. Blocks of text are counted by several threads and added up in their
 * order, so the counts depend on the text alone, whatever the number of threads.
 */
final class CorpusCounter {
  /** Longer words are left out: no token is as long, and merging in them takes long. */
  static final int LONGEST_WORD = 1000;

  private static final int BLOCK_BYTES = 1 << 21;

  private final WordSplitter splitter;
  private final Workers workers;
  private final WordCounts counts;
  private long words;
  private long longWords;
  private long droppedCount;

  /** Counts into a table, which may have been filled before. */
  CorpusCounter(WordSplitter splitter, Workers workers, WordCounts counts) {
    this.splitter = splitter;
    this.workers = workers;
    this.counts = counts;
  }

  /** The counts of a block, or why there are none. */
  private static final class Counted implements WordSplitter.Words {
    private final CorpusBlocks.Block block;
    private final WordCounts counts = new WordCounts();
    private long words;
    private long longWords;
    private @Nullable TokenizerException refusal;

    Counted(CorpusBlocks.Block block) {
      this.block = block;
    }

    void count(WordSplitter splitter) {
      try {
        splitter.split(block.text(), this);
      } catch (TokenizerException e) {
        refusal = e;
      }
    }

    @Override
    public void word(char[] characters, int from, int to) {
      words++;
      if (to - from > LONGEST_WORD) {
        longWords++;
      } else {
        counts.add(characters, from, to, 1);
      }
    }
  }

  /**
   * Counts all words of files.
   *
   * @param progress is told how many bytes have been counted
   * @throws TokenizerException if a file is not UTF-8
   */
  void count(List<Path> files, LongConsumer progress) throws IOException {
    long bytes = 0;
    try (CorpusBlocks blocks = new CorpusBlocks(files, BLOCK_BYTES)) {
      List<Counted> batch = batch(blocks);
      while (!batch.isEmpty()) {
        List<Counted> counting = batch;
        workers.run(counting.size(), i -> counting.get(i).count(splitter));
        for (Counted counted : counting) {
          add(counted);
          bytes += counted.block.bytes().limit();
        }
        progress.accept(bytes);
        batch = batch(blocks);
      }
    }
  }

  private List<Counted> batch(CorpusBlocks blocks) throws IOException {
    List<Counted> batch = new ArrayList<>();
    while (batch.size() < 2 * workers.threads()) {
      CorpusBlocks.Block block = blocks.next();
      if (block == null) {
        break;
      }
      batch.add(new Counted(block));
    }
    return batch;
  }

  private void add(Counted counted) throws TokenizerException {
    if (counted.refusal != null) {
      throw counted.refusal;
    }
    counts.addAll(counted.counts);
    words += counted.words;
    longWords += counted.longWords;
    while (counts.isFull()) {
      droppedCount = Math.max(droppedCount, counts.dropRare());
    }
  }

  /** Words of the text, equal ones and long ones included. */
  long words() {
    return words;
  }

  /** How many words were left out for their length. */
  long longWords() {
    return longWords;
  }

  /** The highest count with which a word was dropped for lack of memory; 0 where none was. */
  long droppedCount() {
    return droppedCount;
  }
}
