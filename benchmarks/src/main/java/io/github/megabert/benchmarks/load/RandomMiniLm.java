// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.benchmarks.load;

import io.github.megabert.checkpoint.CheckpointConverter;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.parameters.ModelFamily;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.TokenizerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes a model of all-MiniLM-L6-v2's sizes, with random weights. */
final class RandomMiniLm {
  private static final int LAYERS = 6;
  private static final int HIDDEN = 384;
  private static final int HEADS = 12;
  private static final int POSITIONS = 512;
  private static final long SEED = 7;

  private RandomMiniLm() {}

  /** Arguments: BERT's vocabulary, and the folder to write; nothing is done where that is there. */
  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[1]);
    if (Files.exists(folder)) {
      return;
    }
    BertTokenizer tokenizer =
        BertTokenizer.of(
            Files.readAllLines(Path.of(args[0])),
            TokenizerConfig.UNCASED.toBuilder().modelMaxLength(POSITIONS).build());
    MegatronBertConfig config =
        MegatronBertConfig.ofSizes(
            ModelFamily.BERT,
            LAYERS,
            HIDDEN,
            HEADS,
            4 * HIDDEN,
            tokenizer.vocabularySize(),
            POSITIONS);
    // The model's folder appears when it is whole, with the tokenizer's files in it.
    Path files = Files.createTempDirectory("minilm-");
    tokenizer.save(files);
    List<Path> saved;
    try (var all = Files.list(files)) {
      saved = all.toList();
    }
    try (RandomCheckpoint weights = RandomCheckpoint.of(config, ModelClass.MODEL, SEED)) {
      new CheckpointConverter(weights).alongside(saved).toHuggingFace(folder);
    } finally {
      for (Path file : saved) {
        Files.delete(file);
      }
      Files.delete(files);
    }
  }
}
