// SPDX-License-Identifier: Apache-2.0
package io.github.megabert.train.task;

import io.github.megabert.backend.BackendOptions;
import io.github.megabert.backend.Backends;
import io.github.megabert.checkpoint.Checkpoint;
import io.github.megabert.model.MegatronBertConfig;
import io.github.megabert.model.RandomCheckpoint;
import io.github.megabert.parameters.ModelClass;
import io.github.megabert.tokenizer.BertTokenizer;
import io.github.megabert.tokenizer.TokenizerConfig;
import io.github.megabert.train.TrainingOptions;
import io.github.megabert.train.data.Example;
import io.github.megabert.train.optim.AdamWOptions;
import io.github.megabert.train.optim.Schedule;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** Random weights and a vocabulary of a few words, which a test learns by heart. */
final class TinyModel {
  /** Token 5 is "a", the tokens after it are the words in their order, then pieces. */
  static final List<String> VOCABULARY =
      List.of(
          "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "fine", "dull", "film", "book", "ann",
          "lives", "in", "rome", "bob", "met", "who", "where", "red", "blue", "one", "two", "##s",
          "##ly", ".", "?", "un", "##known", "the", "cat", "sat", "mat", "on");

  static final BertTokenizer TOKENIZER =
      BertTokenizer.of(VOCABULARY, TokenizerConfig.builder().modelMaxLength(32).build());

  private TinyModel() {}

  /** A checkpoint saved as a class. */
  static Checkpoint of(ModelClass modelClass) {
    return RandomCheckpoint.of(config(), modelClass, 7);
  }

  static MegatronBertConfig config() {
    return MegatronBertConfig.ofSizes(2, 32, 4, 64, VOCABULARY.size(), 32)
        .with("initializer_range", 0.1);
  }

  /** Without dropout, at a falling rate, evaluated at the end alone. */
  static TrainingOptions options(int steps, int batchSize) {
    return options(steps, batchSize, OptionalDouble.of(0), steps);
  }

  static TrainingOptions options(
      int steps, int batchSize, OptionalDouble dropout, int evaluateEvery) {
    return new TrainingOptions(
        1,
        steps,
        batchSize,
        1,
        AdamWOptions.DEFAULT.withLearningRate(5e-3),
        Schedule.Decay.LINEAR,
        0,
        0,
        dropout,
        0,
        false,
        42,
        true,
        evaluateEvery,
        0,
        0,
        2);
  }

  /** Fine-tuning of the stack alone, on the vector backend. */
  static <E extends Example> FineTuning<E> fineTuning(FineTuningTask.Factory<E> task) {
    return FineTuning.of(task, of(ModelClass.MASKED_LM), TOKENIZER)
        .backend(Backends.VECTOR, BackendOptions.DEFAULT.withThreads(2));
  }

  static Preparation preparation(int maxLength) {
    return new Preparation(TOKENIZER, maxLength, -1, 1);
  }

  /** The token ids of words of the vocabulary. */
  static int[] ids(String... tokens) {
    List<Integer> ids = new ArrayList<>();
    for (String token : tokens) {
      ids.add(VOCABULARY.indexOf(token));
    }
    return ids.stream().mapToInt(i -> i).toArray();
  }
}
