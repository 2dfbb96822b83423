// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.examples;

import io.github.megabert.tokenizer.training.TrainedVocabulary;
import io.github.megabert.tokenizer.training.WordPieceOptions;
import io.github.megabert.tokenizer.training.WordPieceTrainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

final class VocabularyExample {
  private VocabularyExample() {}

  static void learn() throws IOException {
    WordPieceOptions options = WordPieceOptions.DEFAULT.withVocabularySize(8192);
    TrainedVocabulary learnt = new WordPieceTrainer(options).train(List.of(Path.of("corpus.txt")));
    learnt.save(Path.of("my-tokenizer"));
  }
}
