// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.tokenizer.training;

import io.github.megabert.checkpoint.huggingface.IncompleteFolder;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.TokenizerConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A vocabulary that was learnt, and what it was learnt from.
 *
 * @param tokens a token's place is its id
 * @param config the settings with which texts were normalised
 * @param words of the text, equal ones and all
 * @param distinctWords different ones that were counted to the end
 * @param longWords words of more than 1,000 characters, which were left out
 * @param droppedCount words that came this often or less were dropped where the heap was full; 0
 *     where none were
 */
public record TrainedVocabulary(
    List<String> tokens,
    TokenizerConfig config,
    long words,
    int distinctWords,
    long longWords,
    long droppedCount) {
  /** Copies the list. */
  public TrainedVocabulary {
    tokens = List.copyOf(tokens);
  }

  /** The tokenizer of the vocabulary. */
  public BertTokenizer tokenizer() {
    return BertTokenizer.of(tokens, config);
  }

  /**
   * Writes {@code vocab.txt} and {@code tokenizer_config.json} to a new folder, which appears
   * whole.
   *
   * @throws io.github.megabert.checkpoint.CheckpointException if there is something already
   * @throws IOException if writing fails
   */
  public void save(Path folder) throws IOException {
    try (IncompleteFolder incomplete = IncompleteFolder.create(folder)) {
      tokenizer().save(incomplete.path());
      incomplete.commit();
    }
  }
}
