// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer.training;

import io.github.megabert.input.InputFile;
import io.github.megabert.tensor.Workers;
import io.github.megabert.tokenizer.TokenizerException;
import io.github.megabert.tokenizer.WordSplitter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Learns a WordPiece vocabulary from text, as Hugging Face's {@code BertWordPieceTokenizer.train}:
 * the words that BERT's normalisation and splitting leave are cut into characters, and the pair of
 * pieces that stands side by side most often becomes a piece, until there are enough.
 *
 * <p>Ids: special tokens, characters by code point, characters that continue a word by code point,
 * pieces in the order in which they were made. The reference numbers the continuing characters in
 * the order of a hash table, which differs from one run to the next, and so does its choice between
 * pairs of equal count. Here equal text gives equal vocabularies.
 *
 * <p>The text is read once, in blocks, so it may be larger than memory; what is kept are its
 * different words, and where these would fill the heap the rarest go.
 */
public final class WordPieceTrainer {
  private final WordPieceOptions options;
  private final int threads;
  private final Listener listener;

  /** Is told how far a training is, by the thread that trains. */
  public interface Listener {
    /** So many bytes of the text have been counted. */
    void counted(long bytes);

    /** The vocabulary has so many tokens. */
    void learnt(int tokens);
  }

  private static final Listener SILENT =
      new Listener() {
        @Override
        public void counted(long bytes) {}

        @Override
        public void learnt(int tokens) {}
      };

  /** A trainer that counts with all processors. */
  public WordPieceTrainer(WordPieceOptions options) {
    this(options, Runtime.getRuntime().availableProcessors(), SILENT);
  }

  /**
   * A trainer.
   *
   * @param threads that count; the vocabulary does not depend on their number
   */
  public WordPieceTrainer(WordPieceOptions options, int threads, Listener listener) {
    this.options = options;
    this.threads = threads;
    this.listener = listener;
  }

  /**
   * Learns a vocabulary from text files in UTF-8.
   *
   * @throws TokenizerException if a file is not UTF-8, there is no word in them, or the vocabulary
   *     is too small for their characters
   * @throws IOException if reading fails
   */
  public TrainedVocabulary train(List<Path> files) throws IOException {
    return train(files, new WordCounts());
  }

  TrainedVocabulary train(List<Path> files, WordCounts counts) throws IOException {
    for (Path file : files) {
      // Before the files ahead of a missing one are counted, which may take long.
      InputFile.channel(file).close();
    }
    try (Workers workers = new Workers(threads)) {
      CorpusCounter counter =
          new CorpusCounter(new WordSplitter(options.config()), workers, counts);
      counter.count(files, listener::counted);
      if (counts.size() == 0) {
        throw new TokenizerException(
            files.size() == 1
                ? files.getFirst() + " has no words; a text is expected"
                : "the " + files.size() + " files have no words; texts are expected");
      }
      return new TrainedVocabulary(
          learn(counts),
          options.config(),
          counter.words(),
          counts.size(),
          counter.longWords(),
          counter.droppedCount());
    }
  }

  private List<String> learn(WordCounts counts) throws TokenizerException {
    Pieces pieces = new Pieces();
    options.specialTokens().forEach(pieces::add);
    int special = pieces.size();
    Alphabet alphabet = new Alphabet(counts, options.limitAlphabet());
    WordSymbols words = alphabet.cut(counts, pieces);
    if (pieces.size() > options.vocabularySize()) {
      throw new TokenizerException(
          String.format(
              Locale.ROOT,
              "a vocabulary of %d tokens has no room for the %d special tokens and the %d of single"
                  + " characters (%d characters, at a word's beginning and within); make it larger,"
                  + " or limit the alphabet",
              options.vocabularySize(),
              special,
              pieces.size() - special,
              alphabet.characters().length));
    }
    new PairMerges(counts, words, pieces)
        .run(options.vocabularySize(), options.minFrequency(), listener::learnt);
    return pieces.tokens();
  }
}
